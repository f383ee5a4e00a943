#!/usr/bin/env bash
# MMAction2's script that makes a skeleton pickle from a video leaves out the frames in which no
# person was detected, and says nothing. The boxes of the later frames move forward: each is used on
# the picture of an earlier frame, and as many frames are missing at the end. `total_frames` counts
# what is left, so no file shows it. Only the number of frames of the video tells.
#
# Runs the script's own function on made-up boxes, with a model that returns the box it is given.
# Exits 0 as long as the surprise is there.
set -euo pipefail
mmaction2=1.2.0 numpy=2.4.6
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-deps "mmaction2==$mmaction2" "numpy==$numpy"
"$folder/venv/bin/python" - <<'PYTHON'
import ast, pathlib, sys, types
from importlib.metadata import version
import numpy as np
import sysconfig

print("mmaction2", version("mmaction2"), "numpy", np.__version__)
script = pathlib.Path(sysconfig.get_path("purelib"), "mmaction", ".mim", "tools", "data",
                      "skeleton", "ntu_pose_extraction.py").read_text()
function = next(node for node in ast.parse(script).body
                if getattr(node, "name", "") == "pose_inference_with_align")
used = []


def pose_inference(config, checkpoint, frame_paths, det_results, device):
    """mmaction.apis.pose_inference without its model: it, too, goes through zip(frames, boxes)."""
    results = []
    for frame, boxes in zip(frame_paths, det_results):
        used.append((frame, int(boxes[0, 0])))
        results.append(dict(keypoints=np.full((len(boxes), 17, 2), boxes[0, 0]),
                            keypoint_scores=np.ones((len(boxes), 17), np.float32)))
    return results, None


names = dict(np=np, pose_inference=pose_inference)
exec(compile(ast.Module([function], []), "ntu_pose_extraction.py", "exec"), names)

frames = [f"img_{number:06d}.jpg" for number in range(1, 7)]
boxes = [np.full((1, 4), float(number)) for number in range(1, 7)]
boxes[2] = np.zeros((0, 4))  # nobody was detected in the third frame
arguments = types.SimpleNamespace(pose_config=None, pose_checkpoint=None, device=None)
keypoints, scores = names["pose_inference_with_align"](arguments, frames, boxes)

print("frames:", len(frames), " keypoint:", list(keypoints.shape))
for frame, box in used:
    print(f"  {frame} with the box of frame {box}")
surprise = (keypoints.shape[1] == 5 and used[2] == ("img_000003.jpg", 4)
            and used[-1] == ("img_000005.jpg", 6))
print("as described" if surprise else "this has changed")
sys.exit(not surprise)
PYTHON
