"""The PyTorch side of `recurlab bench train`, `bench eval` and `bench think`: the reference mathematics, written for speed.

Reads requests from standard input, one JSON object per line, and answers each with one line. Requests:
  {"do": "setup", "work": {...}, "mode": "eager" | "compiled", "dtype": ..., "threads": N}
  {"do": "load", "weights": {name: [numbers]}}   for the test that compares numbers
  {"do": "step"}     one supervision step with its update: {"seconds", "loss", "peakBytes"}
  {"do": "eval", "supervisionSteps": K}   K supervision steps without gradient: {"seconds", "peakBytes"}
  {"do": "think", "supervisionSteps": D, "noise": sigma}   D supervision steps without gradient, with noise on z before
      each and the heads read after each: {"seconds", "peakBytes"}
  {"do": "outputs", "supervisionSteps": D}   {"outputs": {"logits", "q"}} after D supervision steps, for the test that compares numbers
  {"do": "canary", "dtype": ...}   a fixed matrix product: {"seconds", "flops"}
  {"do": "weights"}  {name: [numbers]}
"""

import functools
import itertools
import json
import math
import sys
import time

import torch
import torch.nn.functional as F


def rms(x, dim=-1):
    return x * torch.rsqrt(x.float().square().mean(dim, keepdim=True) + 1e-5).to(x.dtype)


def rotate(x, cos, sin):
    first, second = x.chunk(2, -1)
    return x * cos + torch.cat((-second, first), -1) * sin


def log_stablemax(v):
    s = torch.where(v >= 0, v + 1, 1 / (1 - v))
    return torch.log(s / s.sum(-1, keepdim=True))


class Peer:
    """One model with its optimiser, EMA and a fixed batch."""

    def __init__(self, work, mode, dtype, threads):
        torch.set_num_threads(threads)
        torch.manual_seed(0)
        self.w = work
        D, L, V = work["hidden"], work["tokens"], work["vocabSize"]
        self.autocast = dtype == "bfloat16-autocast"
        if dtype == "bfloat16-matmul":
            torch.backends.mkldnn.matmul.fp32_precision = "bf16"

        def weight(out, inp):
            return torch.nn.Parameter(torch.randn(out, inp) / math.sqrt(inp))

        self.p = {"embed_tokens.embedding_weight": weight(V, D)}
        for i in range(work["layers"]):
            at = f"L_level.layers.{i}"
            if work["mixer"] == "attention":
                self.p[f"{at}.self_attn.qkv_proj.weight"] = weight(3 * D, D)
                self.p[f"{at}.self_attn.o_proj.weight"] = weight(D, D)
            else:
                self.p[f"{at}.mlp_t.gate_up_proj.weight"] = weight(2 * work["innerTokens"], L)
                self.p[f"{at}.mlp_t.down_proj.weight"] = weight(L, work["innerTokens"])
            self.p[f"{at}.mlp.gate_up_proj.weight"] = weight(2 * work["inner"], D)
            self.p[f"{at}.mlp.down_proj.weight"] = weight(D, work["inner"])
        self.p["lm_head.weight"] = weight(V, D)
        self.p["q_head.weight"] = torch.nn.Parameter(torch.zeros(2, D))
        self.p["q_head.bias"] = torch.nn.Parameter(torch.full((2,), -5.0))
        self.init = {"H_init": torch.randn(D), "L_init": torch.randn(D)}
        self.layers = [
            [self.p[name] for name in self.p if name.startswith(f"L_level.layers.{i}.")] for i in range(work["layers"])
        ]
        d = D // work["heads"]
        angles = torch.outer(torch.arange(L).float(), 1 / 10000 ** (torch.arange(0, d, 2) / d))
        angles = torch.cat((angles, angles), -1)
        self.cos, self.sin = angles.cos()[None, :, None, :], angles.sin()[None, :, None, :]
        B, S = work["batch"], work["seqLen"]
        self.inputs = torch.tensor(work["inputs"]).view(B, S)
        self.labels = torch.tensor(work["labels"]).view(B, S)
        self.puzzle = torch.zeros(B, work["puzzleTokens"], D, requires_grad=True) if work["puzzleTokens"] else None
        self.ema = [p.detach().clone() for p in self.p.values()]
        self.optimizer = torch.optim.AdamW(
            self.p.values(), lr=work["lr"], betas=(0.9, 0.95), weight_decay=work["weightDecay"], fused=True
        )
        self.net = self.fastest(mode)

    def fastest(self, mode):
        """Returns the network as a function, with the MLP over the tokens in the layout that is faster on this machine."""
        kind = torch.bfloat16 if self.autocast else torch.float32
        x = torch.randn(self.w["batch"], self.w["tokens"], self.w["hidden"], dtype=kind, requires_grad=True)
        candidates = []
        for transposed in (False, True) if self.w["mixer"] == "mlp" else (False,):
            net = functools.partial(self.blocks, transposed=transposed)
            candidates.append(torch.compile(net, dynamic=False) if mode == "compiled" else net)
        if len(candidates) == 1:
            return candidates[0]
        seconds = []
        for net in candidates:
            best = 1e9
            for _ in range(3):
                start = time.perf_counter()
                with torch.autocast("cpu", torch.bfloat16, enabled=self.autocast):
                    y = net(x)
                y.sum().backward()
                best = min(best, time.perf_counter() - start)
            seconds.append(best)
        for p in self.p.values():
            p.grad = None
        return candidates[seconds.index(min(seconds))]

    def tokens(self, x, gate_up, down, transposed):
        if transposed:
            return self.channels(x.transpose(1, 2), gate_up, down).transpose(1, 2)
        gate, up = torch.matmul(gate_up, x).chunk(2, 1)
        return torch.matmul(down, F.silu(gate) * up)

    def channels(self, x, gate_up, down):
        gate, up = F.linear(x, gate_up).chunk(2, -1)
        return F.linear(F.silu(gate) * up, down)

    def attention(self, x, qkv, out):
        B, L, D = x.shape
        heads = self.w["heads"]
        q, k, v = F.linear(x, qkv).view(B, L, 3 * heads, D // heads).split(heads, 2)
        if self.w["rope"]:
            q, k = rotate(q, self.cos, self.sin).to(v.dtype), rotate(k, self.cos, self.sin).to(v.dtype)
        q, k, v = (t.transpose(1, 2) for t in (q, k, v))
        return F.linear(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(B, L, D), out)

    def blocks(self, x, transposed):
        for first, second, gate_up, down in self.layers:
            if self.w["mixer"] == "attention":
                x = rms(x + self.attention(x, first, second))
            else:
                x = rms(x + self.tokens(x, first, second, transposed), 1)
            x = rms(x + self.channels(x, gate_up, down))
        return x

    def cycle(self, x, y, z):
        for _ in range(self.w["n"]):
            z = self.net(z + y + x)
        return self.net(y + z), z

    def embed(self):
        x = F.embedding(self.inputs, self.p["embed_tokens.embedding_weight"])
        if self.puzzle is not None:
            x = torch.cat((self.puzzle, x), 1)
        return x * math.sqrt(self.w["hidden"])

    def start(self):
        shape = (self.w["batch"], self.w["tokens"], self.w["hidden"])
        kind = torch.bfloat16 if self.autocast else torch.float32
        return [self.init[name].expand(shape).to(kind).contiguous() for name in ("H_init", "L_init")]

    def heads(self, y):
        y = y.float()
        logits = F.linear(y[:, self.w["puzzleTokens"] :], self.p["lm_head.weight"])
        return logits, F.linear(y[:, 0], self.p["q_head.weight"], self.p["q_head.bias"])

    def recursion(self, x, y, z):
        with torch.autocast("cpu", torch.bfloat16, enabled=self.autocast):
            return self.cycle(x, y, z)

    def step(self):
        y, z = self.start()
        x = self.embed()
        x = x.to(y.dtype)
        with torch.no_grad():
            for _ in range(self.w["T"] - 1):
                y, z = self.recursion(x, y, z)
        y, z = self.recursion(x, y, z)
        logits, q = self.heads(y)
        right = -log_stablemax(logits).gather(-1, self.labels[..., None]).squeeze(-1)
        lm = right.mean(1).sum()
        correct = (logits.argmax(-1) == self.labels).all(-1).float()
        halt = F.binary_cross_entropy_with_logits(q[:, 0], correct, reduction="sum")
        ((lm + 0.5 * halt) / self.w["batch"]).backward()
        self.optimizer.step()
        with torch.no_grad():
            torch._foreach_lerp_(self.ema, list(self.p.values()), 0.001)
            if self.puzzle is not None:
                self.puzzle.sub_(1e-4 * self.puzzle.grad.sign())
                self.puzzle.grad = None
        self.optimizer.zero_grad(set_to_none=True)
        return lm.item()

    def evaluate(self, steps):
        with torch.no_grad():
            y, z = self.start()
            x = self.embed().to(y.dtype)
            for _ in range(steps):
                for _ in range(self.w["T"]):
                    y, z = self.recursion(x, y, z)
            logits, q = self.heads(y)
            return logits.argmax(-1).sum().item()

    def outputs(self, noise):
        """Yields the heads' outputs after each supervision step, without end."""
        y, z = self.start()
        x = self.embed().to(y.dtype)
        while True:
            if noise:
                z = z + noise * torch.randn_like(z)
            for _ in range(self.w["T"]):
                y, z = self.recursion(x, y, z)
            yield self.heads(y)

    def think(self, steps, noise):
        """Returns answers and halting logits of every step, as numbers."""
        with torch.no_grad():
            outputs = itertools.islice(self.outputs(noise), steps)
            return [(logits.argmax(-1).numpy(), q.numpy()) for logits, q in outputs]


def peak_bytes():
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
    return 0


def main():
    peer = None
    a = torch.randn(1024, 1024)
    for line in sys.stdin:
        request = json.loads(line)
        do = request["do"]
        start = time.perf_counter()
        answer = {}
        if do == "setup":
            peer = Peer(request["work"], request["mode"], request["dtype"], request["threads"])
        elif do == "load":
            with torch.no_grad():
                for name, numbers in request["weights"].items():
                    target = peer.p[name] if name in peer.p else peer.init[name]
                    target.copy_(torch.tensor(numbers).view(target.shape))
        elif do == "step":
            answer["loss"] = peer.step()
        elif do == "eval":
            peer.evaluate(request["supervisionSteps"])
        elif do == "think":
            peer.think(request["supervisionSteps"], request["noise"])
        elif do == "outputs":
            with torch.no_grad():
                logits, q = next(itertools.islice(peer.outputs(0), request["supervisionSteps"] - 1, None))
            answer["outputs"] = {"logits": logits.flatten().tolist(), "q": q.flatten().tolist()}
        elif do == "canary":
            b = a.bfloat16() if request["dtype"] == "bfloat16" else a
            start = time.perf_counter()
            for _ in range(8):
                torch.mm(b, b)
            answer["flops"] = 8 * 2 * 1024**3
        elif do == "weights":
            answer["weights"] = {name: p.detach().flatten().tolist() for name, p in peer.p.items()}
        answer["seconds"] = time.perf_counter() - start
        answer["peakBytes"] = peak_bytes()
        print(json.dumps(answer), flush=True)


main()
