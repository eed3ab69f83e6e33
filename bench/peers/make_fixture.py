"""Writes test/vectors/pytorch: what PyTorch computes for a tiny model, for src/model/pytorch-fixture.test.ts to compare with.

Two arithmetics: "f32" is PyTorch as it is; "rounded" rounds the operands of every matrix product to bf16, as ours does, and
differs from ours only in the order of f32 sums and in exp and rsqrt. Two models: an untied head, with every gradient; a tied
one (the same weights without the head), with every gradient's norm and the embedding's own gradient, the one that sums two parts.

    python3 bench/peers/make_fixture.py
"""

import json
import re
from pathlib import Path

import torch

from llama_torch import Llama, ModelConfig, clip_gradients, create_adamw, learning_rate_at, train_step

OUTPUT = Path(__file__).resolve().parents[2] / "test" / "vectors" / "pytorch"
SEED = 20
STEPS = 10

MODEL = {
    "vocab_size": 64,
    "dim": 32,
    "layers": 2,
    "heads": 4,
    "kv_heads": 2,
    "hidden_dim": 48,
    "context_length": 16,
    "tied_embeddings": False,
    "rope_theta": 10_000,
    "norm_eps": 1e-5,
}
# An epsilon that counts: with a tiny one AdamW turns the noise of gradients near zero into full steps, and its place in the formula would not be
# tested. Warm-up, plateau and decay within the ten steps; the limit lies among the gradient norms, so that some steps are clipped.
LEARNING = {
    "batch_size": 4,
    "learning_rate": 0.005,
    "warmup_steps": 3,
    "total_steps": STEPS,
    "decay_fraction": 0.4,
    "beta1": 0.9,
    "beta2": 0.95,
    "epsilon": 1e-3,
    "weight_decay": 0.1,
    "clip_norm": 2.2,
    "outer_learning_rate": 0.7,
    "outer_momentum": 0.6,
    "init_seed": "0x" + "00" * 32,
}


@torch.no_grad()
def initial_weights(model: Llama, generator: torch.Generator) -> torch.Tensor:
    """Norms around 1 and matrices large enough that attention is far from uniform: no term hides behind its starting value."""
    parts = []
    for _, p in model.tensors():
        noise = torch.randn(p.shape, generator=generator)
        parts.append(1 + 0.2 * noise if p.ndim == 1 else noise / p.shape[1] ** 0.5)
    return torch.cat([part.flatten() for part in parts])


def write(name: str, tensor: torch.Tensor) -> None:
    (OUTPUT / name).write_bytes(tensor.detach().float().contiguous().numpy().astype("<f4").tobytes())


def record(tied: bool, arithmetic: str, weights: torch.Tensor, steps: torch.Tensor) -> tuple[dict, Llama, torch.Tensor]:
    """Logits and gradient at the initial weights on the first batch, then the losses of a training run."""

    def fresh() -> Llama:
        model = Llama(ModelConfig(**{**MODEL, "tied_embeddings": tied}), attention="rounded" if arithmetic == "rounded" else "explicit")
        model.load_flat(weights[: sum(p.numel() for p in model.parameters())])
        return model

    model = fresh()
    loss = model.loss(steps[0])
    loss.backward()
    logits = model(steps[0][:, :-1].long())
    trained = fresh()
    optimizer = create_adamw(trained, LEARNING)
    run = [
        train_step(trained, optimizer, rows, learning_rate_at(step, LEARNING), LEARNING["clip_norm"]) for step, rows in enumerate(steps)
    ]
    summary = {
        "loss": loss.item(),
        "gradient_norm": clip_gradients(model, float("inf")),
        "tensor_norms": {name: p.grad.norm().item() for name, p in model.tensors()},
        "losses": [loss for loss, _ in run],
        "gradient_norms": [norm for _, norm in run],
    }
    return summary, model, logits


def main() -> None:
    torch.set_num_threads(1)
    OUTPUT.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(SEED)
    weights = initial_weights(Llama(ModelConfig(**MODEL)), generator)
    # Two batches in turn, so that there is something to learn in ten steps.
    shape = (2, LEARNING["batch_size"], MODEL["context_length"] + 1)
    tokens = torch.randint(MODEL["vocab_size"], shape, generator=generator, dtype=torch.int32).repeat(STEPS // 2, 1, 1)
    write("weights.f32", weights)
    results: dict = {}
    for tied in (False, True):
        for arithmetic in ("rounded", "f32"):
            head = "tied" if tied else "untied"
            summary, model, logits = record(tied, arithmetic, weights, tokens)
            results.setdefault(head, {})[arithmetic] = summary
            if not tied:
                write(f"logits-{arithmetic}.f32", logits)
                write(f"gradients-{arithmetic}.f32", model.flat_gradient())
            elif arithmetic == "rounded":
                write("tied-embedding-gradient-rounded.f32", model.embed_tokens.weight.grad)
    fixture = {
        "made_by": f"bench/peers/make_fixture.py, PyTorch {torch.__version__}",
        "model": MODEL,
        "learning": LEARNING,
        "learning_rates": [learning_rate_at(step, LEARNING) for step in range(STEPS)],
        "tokens": tokens.flatten(1).tolist(),
        "results": results,
    }
    text = json.dumps(fixture, indent=2)
    (OUTPUT / "fixture.json").write_text(collapse_number_lists(text) + "\n")
    for head, arithmetics in results.items():
        for arithmetic, summary in arithmetics.items():
            print(head, arithmetic, "losses", [round(x, 4) for x in summary["losses"]], "norms", [round(x, 2) for x in summary["gradient_norms"]])


def collapse_number_lists(text: str) -> str:
    """Lists of numbers on one line each."""
    return re.sub(r"\[\s*(-?[\d.][^\[\]{}]*?)\s*\]", lambda match: "[" + re.sub(r"\s+", " ", match.group(1)) + "]", text)


if __name__ == "__main__":
    main()
