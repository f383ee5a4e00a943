"""Micro-DualNet in PyTorch: the peer that the C++ engine is compared with.

Written from SPEC.md (the sections named below) and from nothing else, so that agreement between the
two is evidence. Needs only torch and numpy; runs on torch 1.13 and on 2.x. Parameter names and
layouts are SPEC §7's: a safetensors file of either program loads into the other.

Symbols: B clips, T frames, K entities, D width, C channels, H×W feature map, N = B·T, P roi.
"""

import copy
import json
import math

import torch
import torch.nn.functional as F
from torch import nn

import safetensors_io

# ---- Configuration (SPEC §8) ----

MA52_ENTITIES = ["face", "head", "torso", "left_hand", "right_hand", "lower_body"]
PAPER_MA52 = {
    "classes": 52, "frames": 8, "size": 224, "entities": MA52_ENTITIES,
    "backbone": {"block": "bottleneck", "depths": [3, 4, 23, 3], "width": 64,
                 "strides": [1, 2, 2, 2]},
    "roi": 7, "dim": 256, "heads": 8, "layers": 3, "mlp_ratio": 4,
    "router_hidden": 128, "router_temperature": 1.0,
    "head_hidden": 512, "dropout": 0.1, "head_dropout": 0.5,
    "mac_weight": 0.1, "mac_temperature": 0.1,
    "modality": "rgb+pose", "regions": "keypoints", "paths": "dual", "fusion": "router",
}
PRESET_CHANGES = {
    "paper-ma52": {},
    "paper-imigue": {"classes": 32, "entities": MA52_ENTITIES[:5]},
    "tiny": {
        "size": 112, "roi": 3, "dim": 64, "heads": 4, "layers": 2,
        "router_hidden": 32, "head_hidden": 128,
        "backbone": {"block": "basic", "depths": [1, 1, 1, 1], "width": 16,
                     "strides": [1, 2, 2, 1]},
    },
}
# (x1, y1, x2, y2) in units of the image side.
JOINTS_PER_ENTITY = 12
FIXED_REGIONS = {
    "face": (0.40, 0.08, 0.60, 0.25), "head": (0.36, 0.04, 0.64, 0.30),
    "torso": (0.28, 0.25, 0.72, 0.60), "left_hand": (0.50, 0.40, 0.80, 0.70),
    "right_hand": (0.20, 0.40, 0.50, 0.70), "lower_body": (0.20, 0.55, 0.80, 1.00),
}


def merge(base, changes):
    """Returns base with changes laid over it; nested objects merge key by key."""
    merged = copy.deepcopy(base)
    for key, value in changes.items():
        if key not in merged:
            raise ValueError(f"unknown config key: {key}")
        merged[key] = merge(merged[key], value) if isinstance(value, dict) else value
    return merged


def make_config(changes):
    """Returns the full config of a (partial) one: its preset, paper-ma52 if none, with its keys."""
    changes = dict(changes)
    preset = changes.pop("preset", "paper-ma52")
    if changes.get("modality") == "rgb":
        changes.setdefault("regions", "fixed")
    return merge(merge(PAPER_MA52, PRESET_CHANGES[preset]), changes)


def read_config(path):
    with open(path, encoding="utf-8") as file:
        return make_config(json.load(file))


# ---- Backbone: TSM-ResNet (SPEC §2) ----

class TemporalShift(torch.autograd.Function):
    """Moves 1/8 of the channels one frame back and 1/8 one frame ahead, zero beyond the clip.

    An autograd function because its gradient is the same shift the other way: one pass over the
    map instead of one per slice.
    """

    @staticmethod
    def move(x, frames, direction):
        clips = x.unflatten(0, (-1, frames))  # [B,T,C,H,W]
        fold = x.shape[1] // 8
        first, second, rest = slice(0, fold), slice(fold, 2 * fold), slice(2 * fold, None)
        if direction < 0:
            first, second = second, first
        moved = torch.empty_like(clips)
        moved[:, :-1, first] = clips[:, 1:, first]
        moved[:, -1, first] = 0
        moved[:, 1:, second] = clips[:, :-1, second]
        moved[:, 0, second] = 0
        moved[:, :, rest] = clips[:, :, rest]
        return moved.flatten(0, 1)

    @staticmethod
    def forward(ctx, x, frames):
        ctx.frames = frames
        return TemporalShift.move(x, frames, +1)

    @staticmethod
    def backward(ctx, gradient):
        return TemporalShift.move(gradient, ctx.frames, -1), None


def convolution(channels_in, channels_out, kernel, stride=1):
    return nn.Conv2d(channels_in, channels_out, kernel, stride, kernel // 2, bias=False)


class Block(nn.Module):
    """A residual block; with frames > 0 the input of conv1 is shifted in time."""

    def __init__(self, channels, channels_out, stride, frames):
        super().__init__()
        self.frames = frames
        self.downsample = None
        if stride != 1 or channels != channels_out:
            self.downsample = nn.Sequential(convolution(channels, channels_out, 1, stride),
                                            nn.BatchNorm2d(channels_out))

    def forward(self, x):
        identity = x if self.downsample is None else self.downsample(x)
        if self.frames:
            x = TemporalShift.apply(x, self.frames)
        return F.relu(self.residual(x).add_(identity), inplace=True)


class BasicBlock(Block):
    expansion = 1

    def __init__(self, channels, width, stride, frames):
        super().__init__(channels, width, stride, frames)
        self.conv1 = convolution(channels, width, 3, stride)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = convolution(width, width, 3)
        self.bn2 = nn.BatchNorm2d(width)

    def residual(self, x):
        x = F.relu(self.bn1(self.conv1(x)), inplace=True)
        return self.bn2(self.conv2(x))


class BottleneckBlock(Block):
    expansion = 4

    def __init__(self, channels, width, stride, frames):
        super().__init__(channels, 4 * width, stride, frames)
        self.conv1 = convolution(channels, width, 1)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = convolution(width, width, 3, stride)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = convolution(width, 4 * width, 1)
        self.bn3 = nn.BatchNorm2d(4 * width)

    def residual(self, x):
        x = F.relu(self.bn1(self.conv1(x)), inplace=True)
        x = F.relu(self.bn2(self.conv2(x)), inplace=True)
        return self.bn3(self.conv3(x))


class Backbone(nn.Module):
    """[N,3,S,S] -> [N,C,H,W]."""

    def __init__(self, config):
        super().__init__()
        backbone = config["backbone"]
        block = {"basic": BasicBlock, "bottleneck": BottleneckBlock}[backbone["block"]]
        shift_every = 2 if backbone["depths"][2] >= 23 else 1
        channels = backbone["width"]
        self.conv1 = convolution(3, channels, 7, 2)
        self.bn1 = nn.BatchNorm2d(channels)
        self.stages = []
        for i, (depth, stride) in enumerate(zip(backbone["depths"], backbone["strides"])):
            width = backbone["width"] * 2 ** i
            blocks = []
            for j in range(depth):
                frames = config["frames"] if j % shift_every == 0 else 0
                blocks.append(block(channels, width, stride if j == 0 else 1, frames))
                channels = width * block.expansion
            self.stages.append(f"layer{i + 1}")
            self.add_module(self.stages[-1], nn.Sequential(*blocks))
        self.channels = channels

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)), inplace=True)
        x = F.max_pool2d(x, 3, 2, 1)
        for stage in self.stages:
            x = getattr(self, stage)(x)
        return x


# ---- Entities: ROIAlign and the SEM (SPEC §4) ----

def interpolation_weights(low, high, bins, cells):
    """Weights of `cells` feature cells in each of `bins` bins along one axis: [..., bins, cells].

    low and high [...] are box edges in cells. Each row is the mean of the bin's two bilinear
    samples; a sample outside [-1, cells] has weight 0 and still counts in the mean.
    """
    positions = (torch.arange(2 * bins, device=low.device, dtype=low.dtype) + 0.5) / (2 * bins)
    sample = (low - 0.5).unsqueeze(-1) + (high - low).unsqueeze(-1) * positions
    inside = (sample >= -1) & (sample <= cells)
    sample = sample.clamp(0, cells - 1)
    grid = torch.arange(cells, device=low.device, dtype=low.dtype)
    hat = (1 - (sample.unsqueeze(-1) - grid).abs()).clamp(min=0) * inside.unsqueeze(-1)
    return hat.unflatten(-2, (bins, 2)).mean(-2)


def roi_align(features, boxes, image_size, bins):
    """features [N,C,H,W], boxes [N,K,4] in pixels -> [N·K,C,P,P].

    Bilinear sampling and the mean over 2×2 samples are both separable, so a bin is a weighted sum
    of feature cells with weights (row weight × column weight), and all bins of a frame are one
    matrix product with its feature map, forward and backward. (Gathering each sample's neighbours
    with embedding_bag measures no better over the presets: its backward is a scatter.)
    """
    count, channels, height, width = features.shape
    x1, x2 = (boxes[..., i] * (width / image_size) for i in (0, 2))
    y1, y2 = (boxes[..., i] * (height / image_size) for i in (1, 3))
    rows = interpolation_weights(y1, y2, bins, height)
    columns = interpolation_weights(x1, x2, bins, width)
    weights = rows[:, :, :, None, :, None] * columns[:, :, None, :, None, :]  # [N,K,P,P,H,W]
    cells = features.permute(0, 2, 3, 1).reshape(count, height * width, channels)
    pooled = torch.bmm(weights.reshape(count, -1, height * width), cells)  # [N,K·P·P,C]
    return pooled.view(-1, bins, bins, channels).permute(0, 3, 1, 2)


class SpatialEntityModule(nn.Module):
    """features [N,C,H,W], boxes [N,K,4] -> entity tokens [B,T,K,D]."""

    def __init__(self, config, channels):
        super().__init__()
        self.image_size, self.bins = config["size"], config["roi"]
        entities, frames, dim = len(config["entities"]), config["frames"], config["dim"]
        self.depthwise = nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.pointwise = nn.Conv2d(channels, dim, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(dim)
        self.entity_embedding = nn.Parameter(0.02 * torch.randn(entities, dim))
        self.frame_embedding = nn.Parameter(0.02 * torch.randn(frames, dim))

    def forward(self, features, boxes):
        x = roi_align(features, boxes, self.image_size, self.bins)
        x = F.relu(self.bn1(self.depthwise(x)), inplace=True)
        x = F.relu(self.bn2(self.pointwise(x)), inplace=True)
        frames, entities = len(self.frame_embedding), len(self.entity_embedding)
        x = x.mean((2, 3)).view(-1, frames, entities, x.shape[1])
        return x + self.entity_embedding + self.frame_embedding.unsqueeze(1)


# ---- Entities of modality pose (SPEC §8) ----

class PoseEncoder(nn.Module):
    """joints [B,T,K,J,3] -> entity tokens [B,T,K,D], by an MLP of its own for each entity."""

    def __init__(self, config):
        super().__init__()
        entities, frames, dim = len(config["entities"]), config["frames"], config["dim"]
        width = 3 * JOINTS_PER_ENTITY
        self.fc1_weight = nn.Parameter(torch.randn(entities, dim, width) / math.sqrt(width))
        self.fc1_bias = nn.Parameter(torch.zeros(entities, dim))
        self.fc2_weight = nn.Parameter(torch.randn(entities, dim, dim) / math.sqrt(dim))
        self.fc2_bias = nn.Parameter(torch.zeros(entities, dim))
        self.entity_embedding = nn.Parameter(0.02 * torch.randn(entities, dim))
        self.frame_embedding = nn.Parameter(0.02 * torch.randn(frames, dim))

    def forward(self, joints):
        tokens = []
        for k in range(len(self.entity_embedding)):
            hidden = F.gelu(F.linear(joints[:, :, k].flatten(2), self.fc1_weight[k],
                                     self.fc1_bias[k]))
            tokens.append(F.linear(hidden, self.fc2_weight[k], self.fc2_bias[k]))
        return torch.stack(tokens, 2) + self.entity_embedding + self.frame_embedding.unsqueeze(1)


# ---- Paths, router, head (SPEC §5) ----

def attend(q, k, v, axis, heads):
    """Attention of q, k, v [B,T,K,D] along axis 1 (frames) or 2 (entities) -> [B,T,K,D]."""
    def split(x):  # -> [B, other axis, heads, attended axis, D/heads]
        return x.unflatten(-1, (heads, -1)).permute(0, 3 - axis, 3, axis, 4)
    q, k, v = split(q), split(k), split(v)
    if hasattr(F, "scaled_dot_product_attention"):
        y = F.scaled_dot_product_attention(q, k, v)
    else:
        scores = (q / math.sqrt(q.shape[-1])) @ k.transpose(-2, -1)
        y = scores.softmax(-1) @ v
    order = (0, 3, 1, 2, 4) if axis == 1 else (0, 1, 3, 2, 4)
    return y.permute(order).flatten(-2)


class Mlp(nn.Module):
    """Linear, GELU, dropout, Linear."""

    def __init__(self, dim_in, hidden, dim_out, dropout=0.0):
        super().__init__()
        self.fc1 = nn.Linear(dim_in, hidden)
        self.fc2 = nn.Linear(hidden, dim_out)
        self.dropout = dropout

    def forward(self, x):
        return self.fc2(F.dropout(F.gelu(self.fc1(x)), self.dropout, self.training))


class Attention(nn.Module):
    def __init__(self, config, axis):
        super().__init__()
        self.axis, self.heads = axis, config["heads"]
        self.qkv = nn.Linear(config["dim"], 3 * config["dim"])
        self.proj = nn.Linear(config["dim"], config["dim"])

    def forward(self, x):
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        return self.proj(attend(q, k, v, self.axis, self.heads))


class EncoderLayer(nn.Module):
    def __init__(self, config, axis):
        super().__init__()
        dim = config["dim"]
        self.dropout = config["dropout"]
        self.norm1 = nn.LayerNorm(dim)
        self.attn = Attention(config, axis)
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = Mlp(dim, config["mlp_ratio"] * dim, dim)

    def forward(self, x):
        x = x + F.dropout(self.attn(self.norm1(x)), self.dropout, self.training)
        return x + F.dropout(self.mlp(self.norm2(x)), self.dropout, self.training)


class Transformer(nn.Module):
    def __init__(self, config, axis):
        super().__init__()
        self.layers = nn.ModuleList(EncoderLayer(config, axis) for _ in range(config["layers"]))
        self.norm = nn.LayerNorm(config["dim"])

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.norm(x)


class Path(nn.Module):
    """Second(First(X) + MLP(X)): spatial first for ST, temporal first for TS."""

    def __init__(self, config, spatial_first):
        super().__init__()
        self.spatial_first = spatial_first
        self.spatial = Transformer(config, axis=2)
        self.temporal = Transformer(config, axis=1)
        self.mlp = Mlp(config["dim"], config["dim"], config["dim"])

    def forward(self, x):
        first, second = self.spatial, self.temporal
        if not self.spatial_first:
            first, second = second, first
        return second(first(x) + self.mlp(x))


class Router(nn.Module):
    """One small MLP per entity: st, ts [B,T,K,D] -> weights [B,K,2] that sum to 1."""

    def __init__(self, config):
        super().__init__()
        entities, hidden = len(config["entities"]), config["router_hidden"]
        width = 2 * config["dim"]
        self.temperature = config["router_temperature"]
        self.fc1_weight = nn.Parameter(torch.randn(entities, hidden, width) / math.sqrt(width))
        self.fc1_bias = nn.Parameter(torch.zeros(entities, hidden))
        self.fc2_weight = nn.Parameter(torch.randn(entities, 2, hidden) / math.sqrt(hidden))
        self.fc2_bias = nn.Parameter(torch.zeros(entities, 2))

    def forward(self, st, ts):
        def linear(x, weight, bias):  # [K,B,in] -> [K,B,out]
            return torch.baddbmm(bias.unsqueeze(1), x, weight.transpose(1, 2))

        g = torch.cat([st.mean(1), ts.mean(1)], -1).transpose(0, 1)  # [K,B,2D]
        hidden = F.gelu(linear(g, self.fc1_weight, self.fc1_bias))
        scores = linear(hidden, self.fc2_weight, self.fc2_bias)
        return (scores / self.temperature).softmax(-1).transpose(0, 1)


class MicroDualNet(nn.Module):
    """The whole model. Modules that a variant of the config does not use do not exist in it."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        read = 0
        if config["modality"] == "pose":
            self.pose = PoseEncoder(config)
        else:
            self.backbone = Backbone(config)
            read = self.backbone.channels
        if config["regions"] != "none":
            if config["modality"] != "pose":
                self.sem = SpatialEntityModule(config, read)
            if config["paths"] in ("dual", "st"):
                self.st = Path(config, spatial_first=True)
            if config["paths"] in ("dual", "ts"):
                self.ts = Path(config, spatial_first=False)
            if config["paths"] == "dual" and config["fusion"] == "router":
                self.router = Router(config)
            read += len(config["entities"]) * config["dim"]
        self.classifier = Mlp(read, config["head_hidden"], config["classes"],
                              config["head_dropout"])
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, frames=None, boxes=None, joints=None):
        """frames [B,T,S,S,3] and boxes [B,T,K,4], or joints [B,T,K,J,3] -> the tensors of SPEC §9
        by name."""
        if self.config["modality"] == "pose":
            out = {"entities": self.pose(joints)}
            self.entity_part(out)
            out["logits"] = self.classifier(out["f_entity"])
            return out
        clips = len(frames)
        # The frames are stored channels last: seen as NCHW they are torch's channels_last format.
        x = self.backbone(frames.flatten(0, 1).permute(0, 3, 1, 2).to(
            memory_format=self.memory_format()))
        return self.head(x, clips, boxes)

    def head(self, x, clips, boxes):
        """What follows the backbone, from its features [B·T,C,H,W] of B clips."""
        count = len(x) // clips
        out = {"features": x.permute(0, 2, 3, 1).unflatten(0, (clips, count)),
               "f_cnn": x.unflatten(0, (clips, count)).mean((1, 3, 4))}
        head_input = out["f_cnn"]
        if self.config["regions"] != "none":
            out["entities"] = self.tokens_of_regions(x, boxes)
            self.entity_part(out)
            head_input = torch.cat([out["f_cnn"], out["f_entity"]], -1)
        out["logits"] = self.classifier(head_input)
        return out

    def tokens_of_regions(self, features, boxes):
        if self.config["regions"] == "fixed":
            layout = [FIXED_REGIONS[entity] for entity in self.config["entities"]]
            boxes = features.new_tensor(layout).mul(self.config["size"])
            boxes = boxes.expand(len(features), -1, -1)
        else:
            boxes = boxes.flatten(0, 1)
        return self.sem(features, boxes)

    def entity_part(self, out):
        """Adds what follows from the tokens in out["entities"]."""
        tokens = out["entities"]
        for name in ("st", "ts"):
            if hasattr(self, name):
                out[name] = getattr(self, name)(tokens)
        if self.config["paths"] != "dual":
            out["fused"] = out[self.config["paths"]]
        else:
            if self.config["fusion"] == "router":
                out["alpha"] = self.router(out["st"], out["ts"])
                st_weight, ts_weight = out["alpha"].unsqueeze(1).unsqueeze(-2).unbind(-1)
            else:
                st_weight = ts_weight = 0.5
            out["fused"] = st_weight * out["st"] + ts_weight * out["ts"]
        out["f_entity"] = out["fused"].mean(1).flatten(1)

    def losses(self, out, labels):
        """Adds loss, loss_ce and loss_mac (scalars) to the outputs of forward()."""
        out["loss_ce"] = F.cross_entropy(out["logits"], labels)
        out["loss_mac"] = torch.zeros_like(out["loss_ce"])
        if "st" in out and "ts" in out:
            out["loss_mac"] = mac_loss(out["st"], out["ts"], labels, self.config["mac_temperature"])
        out["loss"] = out["loss_ce"] + self.config["mac_weight"] * out["loss_mac"]
        return out

    def memory_format(self):
        """The layout that .to(memory_format=...) has given the weights."""
        weight = self.backbone.conv1.weight
        channels_last = weight.is_contiguous(memory_format=torch.channels_last)
        return torch.channels_last if channels_last else torch.contiguous_format

    def load(self, path):
        """Loads a safetensors file; every tensor of the model must be in it, others are ignored."""
        stored = safetensors_io.load(path)
        for name, tensor in self.state_dict().items():
            if name.endswith("num_batches_tracked"):
                continue
            if name not in stored or tuple(stored[name].shape) != tuple(tensor.shape):
                found = stored[name].shape if name in stored else "nothing"
                raise ValueError(f"{path}: {name} should be {tuple(tensor.shape)}, found {found}")
            tensor.copy_(torch.from_numpy(stored[name]))

    def save(self, path):
        safetensors_io.save(path, {
            name: tensor.detach().cpu().contiguous().numpy()
            for name, tensor in self.state_dict().items()
            if not name.endswith("num_batches_tracked")})


# ---- MAC loss (SPEC §6) ----

def mac_loss(st, ts, labels, temperature):
    """Contrastive loss between the two paths' tokens [B,T,K,D], labels [B] -> scalar."""
    clips, frames, entities, _ = st.shape

    def embed(x):  # frame-wise unit vectors side by side: products are mean cosines over frames
        x = F.normalize(x, dim=-1, eps=1e-6) / math.sqrt(frames)
        return x.transpose(1, 2).reshape(clips * entities, -1)

    scores = embed(st) @ embed(ts).t() / temperature
    entity = torch.arange(entities, device=st.device).repeat(clips)
    label = labels.repeat_interleave(entities)
    left_out = (entity[:, None] == entity) & (label[:, None] == label)
    left_out.fill_diagonal_(False)
    scores = scores.masked_fill(left_out, -math.inf)
    positive = torch.arange(clips * entities, device=st.device)
    return 0.5 * (F.cross_entropy(scores, positive) + F.cross_entropy(scores.t(), positive))


# ---- Optimizers (SPEC §9) ----

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
