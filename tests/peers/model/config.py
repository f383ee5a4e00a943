"""The model's configuration: presets, and what a config lays over them (SPEC §8)."""

import copy
import json

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
