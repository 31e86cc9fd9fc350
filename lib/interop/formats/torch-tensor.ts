import type { Dtype } from '../../files/safetensors-dtype.js'
import {
  describeValue,
  PickleDict,
  type PickleFail,
  PickleFunction,
  PickleObject,
  PickleOther,
  type PickleTuple,
  type PickleValue,
} from './pickle-value.js'

/** PyTorch's storage types and their element types. */
const STORAGES: ReadonlyMap<string, Dtype> = new Map([
  ['DoubleStorage', 'F64'],
  ['FloatStorage', 'F32'],
  ['HalfStorage', 'F16'],
  ['BFloat16Storage', 'BF16'],
  ['LongStorage', 'I64'],
  ['IntStorage', 'I32'],
  ['ShortStorage', 'I16'],
  ['CharStorage', 'I8'],
  ['ByteStorage', 'U8'],
  ['BoolStorage', 'BOOL'],
])

/** Maximum number of dimensions of a tensor. */
const MAX_DIMENSIONS = 16

/** An element type by name, `torch.FloatStorage`. */
class StorageType extends PickleObject {
  readonly dtype: Dtype

  constructor(dtype: Dtype) {
    super()
    this.dtype = dtype
  }

  override describe(): string {
    return `the name of a storage of ${this.dtype}`
  }
}

/** A block of elements that tensors view. */
export class TorchStorage extends PickleObject {
  /** Key of its file in the archive, `data/KEY`. */
  readonly key: string
  readonly dtype: Dtype
  /** Number of elements. */
  readonly length: number

  constructor(key: string, dtype: Dtype, length: number) {
    super()
    this.key = key
    this.dtype = dtype
    this.length = length
  }

  override describe(): string {
    return `a storage of ${this.length} ${this.dtype}`
  }
}

/** A tensor as the pickle describes it: a view that was checked to lie inside its storage. */
export class TorchTensor extends PickleObject {
  readonly storage: TorchStorage
  readonly offset: number
  readonly shape: readonly number[]
  readonly strides: readonly number[]

  constructor(storage: TorchStorage, offset: number, shape: readonly number[], strides: readonly number[]) {
    super()
    this.storage = storage
    this.offset = offset
    this.shape = shape
    this.strides = strides
  }

  /** Number of elements. */
  get size(): number {
    return this.shape.reduce((product, n) => product * n, 1)
  }

  override describe(): string {
    return `a tensor [${this.shape.join(', ')}] of ${this.storage.dtype}`
  }
}

/** Element types, layouts and quantisation schemes: plain names that may occur in a configuration. */
const WORDS = [
  'bool uint8 int8 int16 int32 int64 uint16 uint32 uint64 float16 bfloat16 float32 float64 complex32 complex64 complex128',
  'float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz float8_e8m0fnu float4_e2m1fn_x2',
  'qint8 quint8 qint32 quint4x2 quint2x4 bits1x8 bits2x4 bits4x2 bits8 bits16',
  'uint1 uint2 uint3 uint4 uint5 uint6 uint7 int1 int2 int3 int4 int5 int6 int7',
  'per_tensor_affine per_tensor_symmetric per_channel_affine per_channel_symmetric per_channel_affine_float_qparams',
].flatMap((line) => line.split(' '))

/** Names of PyTorch that a pickle of tensors uses, and of plain data beside them. */
export const torchGlobals: ReadonlyMap<string, PickleObject> = new Map<string, PickleObject>([
  ...[...STORAGES].map(([name, dtype]) => [`torch.${name}`, new StorageType(dtype)] as const),
  ...WORDS.map((word) => [`torch.${word}`, new PickleOther(`torch.${word}`)] as const),
  ...[
    new PickleFunction('torch._utils._rebuild_tensor_v2', rebuildTensor),
    new PickleFunction('torch._utils._rebuild_parameter', rebuildParameter),
    new PickleFunction('torch._utils._rebuild_parameter_with_state', rebuildParameterWithState),
    new PickleFunction('torch.Size', torchSize),
    new PickleFunction('torch.device', torchDevice),
    new PickleFunction('torch.serialization._get_layout', torchLayout),
  ].map((call) => [call.name, call] as const),
])

/** Resolves a storage from its persistent id: `('storage', TYPE, KEY, DEVICE, LENGTH)`. */
export function torchStorage(id: PickleValue, fail: PickleFail): TorchStorage {
  if (!Array.isArray(id) || id.length !== 5)
    throw fail("a persistent id ('storage', type, key, device, length)", describeValue(id))
  const [kind, type, key, device, length] = id as PickleTuple
  if (kind !== 'storage') throw fail("a persistent id of 'storage'", describeValue(kind))
  if (!(type instanceof StorageType)) throw fail('the name of a storage type', describeValue(type))
  if (typeof key !== 'string' || !/^\w{1,64}$/.test(key)) throw fail('a storage key of digits', describeValue(key))
  if (typeof device !== 'string') throw fail('the name of a device', describeValue(device))
  if (!isSize(length)) throw fail('the length of a storage', describeValue(length))
  return new TorchStorage(key, type.dtype, length)
}

/** Rebuilds a tensor from storage, offset, size, stride, requires_grad, backward_hooks and optional metadata. */
function rebuildTensor(args: PickleTuple, fail: PickleFail): TorchTensor {
  if (args.length < 6 || args.length > 7) throw fail('six arguments of a tensor', `${args.length}`)
  const [storage, offset, shape, strides, requiresGrad, hooks, metadata = null] = args
  if (!(storage instanceof TorchStorage)) throw fail('a tensor with a storage', describeValue(storage))
  if (!isSize(offset)) throw fail('an offset into the storage', describeValue(offset))
  if (!isSizes(shape)) throw fail('a shape of whole numbers', describeValue(shape))
  if (!isSizes(strides)) throw fail('strides of whole numbers', describeValue(strides))
  if (shape.length !== strides.length)
    throw fail(`${shape.length} strides for [${shape.join(', ')}]`, `${strides.length}`)
  if (shape.length > MAX_DIMENSIONS) throw fail(`at most ${MAX_DIMENSIONS} dimensions`, `${shape.length}`)
  checkTail(requiresGrad, hooks, fail)
  // Metadata marks tensors stored conjugated or negated, whose values differ from the bytes in the file.
  if (metadata !== null && !(metadata instanceof PickleDict && metadata.size === 0))
    throw fail('a tensor without metadata', describeValue(metadata))
  const tensor = new TorchTensor(storage, offset, shape, strides)
  checkInside(tensor, fail)
  return tensor
}

function rebuildParameter(args: PickleTuple, fail: PickleFail): TorchTensor {
  const [tensor, requiresGrad, hooks] = args
  if (args.length !== 3) throw fail('three arguments of a parameter', `${args.length}`)
  if (!(tensor instanceof TorchTensor)) throw fail('a tensor in a parameter', describeValue(tensor))
  checkTail(requiresGrad, hooks, fail)
  return tensor
}

/** Rebuilds a parameter, without its additional attributes. */
function rebuildParameterWithState(args: PickleTuple, fail: PickleFail): TorchTensor {
  if (args.length !== 4) throw fail('four arguments of a parameter with a state', `${args.length}`)
  return rebuildParameter(args.slice(0, 3), fail)
}

function torchSize(args: PickleTuple, fail: PickleFail): PickleOther {
  const [sizes] = args
  if (args.length !== 1 || !isSizes(sizes)) throw fail('the sizes of a torch.Size', args.map(describeValue).join(', '))
  return new PickleOther(`torch.Size of ${sizes.length}`)
}

function torchDevice(args: PickleTuple, fail: PickleFail): PickleOther {
  const [kind, index] = args
  if (args.length > 2 || typeof kind !== 'string' || !(index === undefined || isSize(index)))
    throw fail('the name of a device, and its number', args.map(describeValue).join(', '))
  return new PickleOther('a torch.device')
}

function torchLayout(args: PickleTuple, fail: PickleFail): PickleOther {
  if (args.length !== 1 || typeof args[0] !== 'string')
    throw fail('the name of a layout', args.map(describeValue).join(', '))
  return new PickleOther('a torch.layout')
}

function checkTail(requiresGrad: PickleValue | undefined, hooks: PickleValue | undefined, fail: PickleFail): void {
  if (typeof requiresGrad !== 'boolean') throw fail('requires_grad as True or False', describeValue(requiresGrad))
  if (!(hooks instanceof PickleDict && hooks.size === 0)) throw fail('no backward hooks', describeValue(hooks))
}

/**
 * Checks that a view stays inside its storage and holds no more elements than it: overlapping views could amplify a
 * small file.
 */
function checkInside(tensor: TorchTensor, fail: PickleFail): void {
  const { shape, strides, offset, storage, size } = tensor
  const end = size === 0 ? offset : offset + 1 + shape.reduce((sum, n, i) => sum + (n - 1) * strides[i]!, 0)
  if (!(end <= storage.length))
    throw fail(`a tensor inside its storage of ${storage.length}`, `[${shape.join(', ')}] up to ${end}`)
  if (!(size <= storage.length))
    throw fail(`a tensor of at most the ${storage.length} numbers stored`, `[${shape.join(', ')}], a repeated view`)
}

function isSizes(value: PickleValue | undefined): value is readonly number[] {
  return Array.isArray(value) && value.every(isSize)
}

function isSize(value: PickleValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
