"""The model and optimizer of src/model in PyTorch: the peer that fixtures, speed and loss curves are compared with.

Llama as Hugging Face has it: RMSNorm before attention and feed-forward, half-split rotary pairs, grouped-query attention,
SwiGLU, a tied or untied head. Parameters have the names, shapes and order of src/model/layout.ts, so that a flat vector of
little-endian f32 is read and written as it is. Runs on PyTorch 1.13 and later.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# bf16 operands below this magnitude count as zero (docs/numerics.md).
LEAST_OPERAND = 2.0**-56


@dataclass(frozen=True)
class ModelConfig:
    """Fields of `model` in a genesis file."""

    vocab_size: int
    dim: int
    layers: int
    heads: int
    kv_heads: int
    hidden_dim: int
    context_length: int
    tied_embeddings: bool
    rope_theta: float
    norm_eps: float

    @property
    def head_dim(self) -> int:
        return self.dim // self.heads


def round_operand(x: Tensor) -> Tensor:
    """f32 with the value that a matrix product of the canonical arithmetic sees: bf16, tiny values as zero."""
    return torch.where(x.abs() < LEAST_OPERAND, torch.zeros_like(x), x.to(torch.bfloat16).to(x.dtype))


class RoundedMatmul(torch.autograd.Function):
    """a @ b with operands rounded to bf16 and sums in f32, and the same rule for both products of its gradient."""

    @staticmethod
    def forward(ctx, a: Tensor, b: Tensor) -> Tensor:
        a, b = round_operand(a), round_operand(b)
        ctx.save_for_backward(a, b)
        return a @ b

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, Tensor]:
        a, b = ctx.saved_tensors
        gradient = round_operand(gradient)
        return gradient @ b.transpose(-1, -2), a.transpose(-1, -2) @ gradient


class Linear(nn.Module):
    """y = x·Wᵀ, W [out, in]."""

    def __init__(self, inputs: int, outputs: int, rounded: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs))
        self.rounded = rounded

    def forward(self, x: Tensor) -> Tensor:
        return linear(x, self.weight, self.rounded)


def linear(x: Tensor, weight: Tensor, rounded: bool) -> Tensor:
    if not rounded:
        return F.linear(x, weight)
    # Rows of all sequences in one product: the weight's gradient is one sum over tokens.
    flat = RoundedMatmul.apply(x.reshape(-1, x.shape[-1]), weight.t())
    return flat.reshape(*x.shape[:-1], -1)


class RmsNorm(nn.Module):
    def __init__(self, dim: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(dim))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps) * self.weight


def rotary_tables(config: ModelConfig) -> tuple[Tensor, Tensor]:
    """cos and sin [context, head_dim / 2], computed in f64."""
    half = config.head_dim // 2
    frequencies = config.rope_theta ** (-torch.arange(half, dtype=torch.float64) / half)
    angles = torch.outer(torch.arange(config.context_length, dtype=torch.float64), frequencies)
    return angles.cos().float(), angles.sin().float()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotates the pairs (i, i + head_dim/2) of x [..., positions, head_dim]."""
    a, b = x.chunk(2, -1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), -1)


def fused_attention():
    """PyTorch's own causal attention, as a function of q, k, v; None in versions that have none."""
    if hasattr(F, "scaled_dot_product_attention"):
        return lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True)
    private = getattr(F, "_scaled_dot_product_attention", None)  # 1.13 has it under this name, with the weights as a second result
    if private is None:
        return None
    return lambda q, k, v: private(q, k, v, None, 0.0, False, True)[0]


class Attention(nn.Module):
    """`mode`: "explicit" (matmul, mask, softmax, matmul), "fused" (PyTorch's), or "rounded" (bf16 operands emulated)."""

    def __init__(self, config: ModelConfig, mode: str) -> None:
        super().__init__()
        self.config = config
        self.mode = mode
        self.fused = fused_attention() if mode == "fused" else None
        rounded = mode == "rounded"
        key_dim = config.kv_heads * config.head_dim
        self.q_proj = Linear(config.dim, config.dim, rounded)
        self.k_proj = Linear(config.dim, key_dim, rounded)
        self.v_proj = Linear(config.dim, key_dim, rounded)
        self.o_proj = Linear(config.dim, config.dim, rounded)
        mask = torch.full((config.context_length, config.context_length), -math.inf).triu(1)
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        batch, length, dim = x.shape

        def heads(y: Tensor) -> Tensor:
            return y.view(batch, length, -1, self.config.head_dim).transpose(1, 2)

        q = rotate(heads(self.q_proj(x)), cos, sin)
        k = rotate(heads(self.k_proj(x)), cos, sin)
        v = heads(self.v_proj(x))
        group = self.config.heads // self.config.kv_heads
        if group > 1:
            k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)
        out = self.attend(q, k, v)
        return self.o_proj(out.transpose(1, 2).reshape(batch, length, dim))

    def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        if self.fused is not None:
            # Rotation leaves q and k in f32 where autocast has v in bf16: the fused form wants one type.
            return self.fused(q.to(v.dtype), k.to(v.dtype), v)
        matmul = RoundedMatmul.apply if self.mode == "rounded" else torch.matmul
        # The scale comes after the product: so it also is in the gradient before that is rounded.
        scores = matmul(q, k.transpose(-1, -2)) * (1 / math.sqrt(self.config.head_dim))
        length = q.shape[2]
        return matmul(F.softmax(scores + self.mask[:length, :length], -1), v)


class FeedForward(nn.Module):
    def __init__(self, config: ModelConfig, rounded: bool) -> None:
        super().__init__()
        self.gate_proj = Linear(config.dim, config.hidden_dim, rounded)
        self.up_proj = Linear(config.dim, config.hidden_dim, rounded)
        self.down_proj = Linear(config.hidden_dim, config.dim, rounded)

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Block(nn.Module):
    def __init__(self, config: ModelConfig, attention: str) -> None:
        super().__init__()
        self.input_layernorm = RmsNorm(config.dim, config.norm_eps)
        self.self_attn = Attention(config, attention)
        self.post_attention_layernorm = RmsNorm(config.dim, config.norm_eps)
        self.mlp = FeedForward(config, attention == "rounded")

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x), cos, sin)
        return x + self.mlp(self.post_attention_layernorm(x))


class Llama(nn.Module):
    """`attention` as in `Attention`; "rounded" emulates the canonical arithmetic's operands in every matrix product."""

    def __init__(self, config: ModelConfig, attention: str = "explicit") -> None:
        super().__init__()
        self.config = config
        self.rounded = attention == "rounded"
        self.embed_tokens = nn.Embedding(config.vocab_size, config.dim)
        self.layers = nn.ModuleList(Block(config, attention) for _ in range(config.layers))
        self.norm = RmsNorm(config.dim, config.norm_eps)
        self.lm_head = None if config.tied_embeddings else Linear(config.dim, config.vocab_size, self.rounded)
        for name, table in zip(("cos", "sin"), rotary_tables(config)):
            self.register_buffer(name, table, persistent=False)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits [batch, length, vocab] of tokens [batch, length]."""
        length = tokens.shape[1]
        x = self.embed_tokens(tokens)
        for block in self.layers:
            x = block(x, self.cos[:length], self.sin[:length])
        head = self.embed_tokens.weight if self.lm_head is None else self.lm_head.weight
        return linear(self.norm(x), head, self.rounded)

    def loss(self, rows: Tensor) -> Tensor:
        """Mean cross-entropy in nats of rows [batch, context + 1]: inputs are all but the last token, targets all but the first."""
        rows = rows.long()
        logits = self(rows[:, :-1])
        return F.cross_entropy(logits.flatten(0, 1).float(), rows[:, 1:].flatten())

    def tensors(self) -> list[tuple[str, nn.Parameter]]:
        """Parameters under their names in the layout, in the layout's order."""
        return [(name if name.startswith("lm_head") else f"model.{name}", p) for name, p in self.named_parameters()]

    @torch.no_grad()
    def load_flat(self, weights: Tensor) -> None:
        """Takes a flat f32 vector in the layout's order."""
        parameters = [p for _, p in self.tensors()]
        if weights.numel() != sum(p.numel() for p in parameters):
            raise ValueError(f"{weights.numel()} weights for a model of {sum(p.numel() for p in parameters)}")
        for parameter, part in zip(parameters, weights.split([p.numel() for p in parameters])):
            parameter.copy_(part.view_as(parameter))

    def flat_gradient(self) -> Tensor:
        return torch.cat([p.grad.flatten() for _, p in self.tensors()])


def read_words(path: str, dtype: torch.dtype = torch.float32) -> Tensor:
    """A file of little-endian 4-byte words (f32 weights, i32 tokens) as a flat tensor."""
    with open(path, "rb") as file:
        return torch.frombuffer(bytearray(file.read()), dtype=dtype)


def create_adamw(model: Llama, learning: dict, **options) -> torch.optim.AdamW:
    """AdamW whose decay acts on matrices, not on the norms' weights. `learning` has the fields of a genesis file."""
    parameters = [p for _, p in model.tensors()]
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": learning["weight_decay"]},
        {"params": [p for p in parameters if p.ndim == 1], "weight_decay": 0.0},
    ]
    betas = (learning["beta1"], learning["beta2"])
    return torch.optim.AdamW(groups, lr=learning["learning_rate"], betas=betas, eps=learning["epsilon"], **options)


@torch.no_grad()
def clip_gradients(model: Llama, clip_norm: float) -> float:
    """Scales all gradients to a global norm of at most `clip_norm`; returns the norm before."""
    gradients = [p.grad for _, p in model.tensors()]
    norm = torch.stack([g.norm() for g in gradients]).norm().item()
    if norm > clip_norm:
        torch._foreach_mul_(gradients, clip_norm / norm)
    return norm


def train_step(model: Llama, optimizer: torch.optim.Optimizer, rows: Tensor, learning_rate: float, clip_norm: float) -> tuple[float, float]:
    """One step; returns loss and gradient norm. Autocast is the caller's, around the model's `loss`."""
    optimizer.zero_grad(set_to_none=True)
    loss = model.loss(rows)
    loss.backward()
    norm = clip_gradients(model, clip_norm)
    for group in optimizer.param_groups:
        group["lr"] = learning_rate
    optimizer.step()
    return loss.item(), norm


def learning_rate_at(step: int, learning: dict) -> float:
    """Warm-up, stable, decay, as src/model/schedule.ts; `step` from 0."""
    peak, warmup, total = learning["learning_rate"], learning["warmup_steps"], learning["total_steps"]
    if step < warmup:
        return peak * (step + 1) / warmup
    decay_steps = math.floor(total * learning["decay_fraction"])
    if step >= total:
        return peak * 0.1 if decay_steps > 0 else peak
    decayed = step - (total - decay_steps)
    return peak if decayed <= 0 else peak * (1 - 0.9 * decayed / decay_steps)
