"""Micro-DualNet in PyTorch: the peer that the C++ engine is compared with.

Written from SPEC.md (the sections that each file of this folder names) and from nothing else, so
that agreement between the two is evidence. Needs only torch and numpy; runs on torch 1.13 and on
2.x. Parameter names and layouts are SPEC §7's: a safetensors file of either program loads into the
other. The files are called as those of the C++ model.

Symbols: B clips, T frames, K entities, D width, C channels, H×W feature map, N = B·T, P roi.
"""

import torch
import torch.nn.functional as F
from torch import nn

import safetensors_io
from model.backbone import Backbone
from model.config import FIXED_REGIONS
from model.dual_path import Path
from model.layers import Mlp
from model.mac_loss import mac_loss
from model.pose_encoder import PoseEncoder
from model.router import Router
from model.sem import SpatialEntityModule


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
