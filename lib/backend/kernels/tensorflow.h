// TensorFlow's C interface for kernels, wrapped in values that free themselves.
#pragma once
#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "blocks.h"
#include "tensorflow/c/tf_status.h"
#include "tensorflow/c/tf_tensor.h"

// Declarations from tensorflow/c/kernels.h and ops.h, which include headers that TensorFlow's wheels omit.
extern "C" {
typedef struct TF_OpKernelConstruction TF_OpKernelConstruction;
typedef struct TF_OpKernelContext TF_OpKernelContext;
typedef struct TF_KernelBuilder TF_KernelBuilder;
typedef struct TF_OpDefinitionBuilder TF_OpDefinitionBuilder;
typedef struct TF_ShapeInferenceContext TF_ShapeInferenceContext;
TF_KernelBuilder* TF_NewKernelBuilder(const char* op, const char* device, void* (*create)(TF_OpKernelConstruction*),
                                      void (*compute)(void*, TF_OpKernelContext*), void (*destroy)(void*));
void TF_RegisterKernelBuilder(const char* name, TF_KernelBuilder*, TF_Status*);
void TF_OpKernelConstruction_GetAttrBool(TF_OpKernelConstruction*, const char* name, TF_Bool*, TF_Status*);
void TF_OpKernelConstruction_GetAttrInt64(TF_OpKernelConstruction*, const char* name, int64_t*, TF_Status*);
void TF_OpKernelConstruction_Failure(TF_OpKernelConstruction*, TF_Status*);
void TF_OpKernelContext_Failure(TF_OpKernelContext*, TF_Status*);
void TF_GetInput(TF_OpKernelContext*, int i, TF_Tensor**, TF_Status*);
void TF_SetOutput(TF_OpKernelContext*, int i, const TF_Tensor*, TF_Status*);
TF_Tensor* TF_AllocateOutput(TF_OpKernelContext*, int i, TF_DataType, const int64_t* dims, int rank, size_t bytes,
                             TF_Status*);
TF_OpDefinitionBuilder* TF_NewOpDefinitionBuilder(const char* name);
void TF_OpDefinitionBuilderAddInput(TF_OpDefinitionBuilder*, const char*);
void TF_OpDefinitionBuilderAddOutput(TF_OpDefinitionBuilder*, const char*);
void TF_OpDefinitionBuilderAddAttr(TF_OpDefinitionBuilder*, const char*);
void TF_OpDefinitionBuilderSetShapeInferenceFunction(TF_OpDefinitionBuilder*,
                                                     void (*)(TF_ShapeInferenceContext*, TF_Status*));
void TF_RegisterOpDefinition(TF_OpDefinitionBuilder*, TF_Status*);
void TF_ShapeInferenceContextSetUnknownShape(TF_ShapeInferenceContext*, TF_Status*);
}

namespace recurlab {

using Shape = std::vector<int64_t>;

/** A TensorFlow status; `check` throws its error as an exception. */
class Status {
 public:
  Status() : status_(TF_NewStatus()) {}
  ~Status() { TF_DeleteStatus(status_); }
  Status(const Status&) = delete;
  TF_Status* get() { return status_; }
  void check() const {
    if (TF_GetCode(status_) != TF_OK) throw std::runtime_error(TF_Message(status_));
  }

 private:
  TF_Status* status_;
};

/** A tensor, released at the end of its scope. */
class Tensor {
 public:
  explicit Tensor(TF_Tensor* tensor) : tensor_(tensor) {}
  ~Tensor() {
    if (tensor_) TF_DeleteTensor(tensor_);
  }
  Tensor(Tensor&& other) : tensor_(std::exchange(other.tensor_, nullptr)) {}
  Tensor(const Tensor&) = delete;
  TF_Tensor* get() const { return tensor_; }
  float* data() const { return static_cast<float*>(TF_TensorData(tensor_)); }
  int64_t size() const { return TF_TensorElementCount(tensor_); }
  int rank() const { return TF_NumDims(tensor_); }
  int64_t dim(int i) const { return TF_Dim(tensor_, i); }
  Shape shape() const {
    Shape shape;
    for (int i = 0; i < rank(); i++) shape.push_back(dim(i));
    return shape;
  }

 private:
  TF_Tensor* tensor_;
};

/** Attributes of an operation's call, as integers; true is 1. */
struct Attributes {
  std::vector<std::string> names;
  std::vector<int64_t> values;
  int64_t operator[](const std::string& name) const {
    for (size_t i = 0; i < names.size(); i++)
      if (names[i] == name) return values[i];
    throw std::runtime_error("no attribute " + name);
  }
};

/** One call of a kernel. */
class Call {
 public:
  Call(TF_OpKernelContext* context, const Attributes& attributes) : attributes(attributes), context_(context) {}

  const Attributes& attributes;

  Tensor input(int i) const {
    TF_Tensor* tensor = nullptr;
    Status status;
    TF_GetInput(context_, i, &tensor, status.get());
    status.check();
    return Tensor(tensor);
  }

  /** Returns `count` inputs, starting with the i-th. */
  std::vector<Tensor> inputs(int64_t i, int64_t count) const {
    std::vector<Tensor> all;
    for (int64_t k = 0; k < count; k++) all.push_back(input(static_cast<int>(i + k)));
    return all;
  }

  /** Allocates the i-th output, a float32 tensor. */
  Tensor output(int i, const Shape& shape) const {
    int64_t size = 1;
    for (const int64_t n : shape) size *= n;
    Status status;
    TF_Tensor* tensor = TF_AllocateOutput(context_, i, TF_FLOAT, shape.data(), static_cast<int>(shape.size()),
                                          size * sizeof(float), status.get());
    status.check();
    prefer_large_pages(TF_TensorData(tensor), size * sizeof(float));
    return Tensor(tensor);
  }

  /** Allocates the i-th output in a cached block, which is returned when the tensor is freed. */
  Tensor output_in_block(int i, int64_t size) const {
    if (size == 0) return output(i, {0});
    Block* const block = new Block(blocks().take(size * sizeof(float)));
    const auto give_back = [](void*, size_t, void* block) {
      blocks().give_back(*static_cast<Block*>(block));
      delete static_cast<Block*>(block);
    };
    Tensor tensor(TF_NewTensor(TF_FLOAT, &size, 1, block->data, size * sizeof(float), give_back, block));
    Status status;
    TF_SetOutput(context_, i, tensor.get(), status.get());
    status.check();
    return tensor;
  }

 private:
  TF_OpKernelContext* context_;
};

/** Checks a condition. @throws std::runtime_error, which fails the call, not the process */
inline void expect(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(std::string("expected ") + what);
}

/** An operation on float32 tensors with its CPU kernel. Lists are declared with their length, `x: n * float`. */
struct Operation {
  const char* name;
  std::vector<const char*> inputs;
  std::vector<const char*> outputs;
  /** `name: int` or `name: bool`. */
  std::vector<const char*> attributes;
  void (*run)(const Call&);
};

namespace detail {

/**
 * The defined operations, in order. TensorFlow passes no user data to a kernel's constructor, so each has its own
 * constructor, which knows its index.
 */
inline std::vector<Operation>& operations() {
  static std::vector<Operation> all;
  return all;
}

struct Kernel {
  void (*run)(const Call&);
  Attributes attributes;
};

template <int Index>
void* create(TF_OpKernelConstruction* construction) {
  const Operation& operation = operations()[Index];
  auto* kernel = new Kernel{operation.run, {}};
  for (const std::string definition : operation.attributes) {
    const std::string name = definition.substr(0, definition.find(':'));
    Status status;
    int64_t value = 0;
    if (definition.find("bool") != std::string::npos) {
      TF_Bool flag = 0;
      TF_OpKernelConstruction_GetAttrBool(construction, name.c_str(), &flag, status.get());
      value = flag ? 1 : 0;
    } else {
      TF_OpKernelConstruction_GetAttrInt64(construction, name.c_str(), &value, status.get());
    }
    if (TF_GetCode(status.get()) != TF_OK) TF_OpKernelConstruction_Failure(construction, status.get());
    kernel->attributes.names.push_back(name);
    kernel->attributes.values.push_back(value);
  }
  return kernel;
}

inline void compute(void* kernel, TF_OpKernelContext* context) {
  const auto* self = static_cast<const Kernel*>(kernel);
  try {
    self->run(Call(context, self->attributes));
  } catch (const std::bad_alloc&) {
    Status status;
    TF_SetStatus(status.get(), TF_RESOURCE_EXHAUSTED, "out of memory in the fused kernels");
    TF_OpKernelContext_Failure(context, status.get());
  } catch (const std::exception& error) {
    Status status;
    TF_SetStatus(status.get(), TF_INVALID_ARGUMENT, error.what());
    TF_OpKernelContext_Failure(context, status.get());
  }
}

inline void destroy(void* kernel) { delete static_cast<Kernel*>(kernel); }

using Create = void* (*)(TF_OpKernelConstruction*);
constexpr int LIMIT = 24;

template <int... I>
Create creator(int index, std::integer_sequence<int, I...>) {
  static constexpr Create all[] = {&create<I>...};
  return all[index];
}

}  // namespace detail

/** Registers an operation with TensorFlow. @throws std::runtime_error with TensorFlow's reason */
inline void define(const Operation& operation) {
  const int index = static_cast<int>(detail::operations().size());
  expect(index < detail::LIMIT, "fewer operations");
  detail::operations().push_back(operation);
  TF_OpDefinitionBuilder* builder = TF_NewOpDefinitionBuilder(operation.name);
  const auto typed = [](const std::string& name) { return name.find(':') == std::string::npos ? name + ": float" : name; };
  for (const char* name : operation.inputs) TF_OpDefinitionBuilderAddInput(builder, typed(name).c_str());
  for (const char* name : operation.outputs) TF_OpDefinitionBuilderAddOutput(builder, typed(name).c_str());
  for (const char* attribute : operation.attributes) TF_OpDefinitionBuilderAddAttr(builder, attribute);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(builder, [](TF_ShapeInferenceContext* context, TF_Status* status) {
    TF_ShapeInferenceContextSetUnknownShape(context, status);
  });
  Status status;
  TF_RegisterOpDefinition(builder, status.get());
  status.check();
  TF_KernelBuilder* kernel =
      TF_NewKernelBuilder(operation.name, "CPU", detail::creator(index, std::make_integer_sequence<int, detail::LIMIT>{}),
                          &detail::compute, &detail::destroy);
  TF_RegisterKernelBuilder(operation.name, kernel, status.get());
  status.check();
}

}  // namespace recurlab
