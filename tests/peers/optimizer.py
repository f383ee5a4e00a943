"""The optimizers of SPEC §9 in PyTorch."""

import torch


def make_optimizer(model, name, lr, weight_decay, momentum=0.9):
    """AdamW or SGD; weight decay on the weights of convolutions and linear layers alone."""
    decayed, kept = [], []
    for parameter_name, parameter in model.named_parameters():
        is_weight = parameter_name.endswith("weight") and parameter.dim() >= 2
        (decayed if is_weight else kept).append(parameter)
    groups = [{"params": decayed, "weight_decay": weight_decay},
              {"params": kept, "weight_decay": 0.0}]
    version = tuple(int(part) for part in torch.__version__.split(".")[:2])
    options = {"fused": True} if version >= (2, 4) else {}  # one pass over each parameter
    if name == "adamw":
        return torch.optim.AdamW(groups, lr=lr, betas=(0.9, 0.999), eps=1e-8, **options)
    return torch.optim.SGD(groups, lr=lr, momentum=momentum, **options)
