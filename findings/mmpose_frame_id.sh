#!/usr/bin/env bash
# MMPose numbers the frames of a video in two ways: the inferencer's JSON counts `frame_id` from 0,
# the JSON of the demo scripts of the same release from 1. The frames' entries look the same. Who
# reads one as the other moves every pose by one frame.
#
# Runs the code of both that writes the file, on a video of three frames in which nobody is seen;
# what they import of models and drawing is replaced by stand-ins, so that nothing large is needed.
# Exits 0 as long as the surprise is there.
set -euo pipefail
mmpose=1.3.2 json_tricks=3.17.3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-deps "mmpose==$mmpose" "json-tricks==$json_tricks"
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import ast, json, os, pathlib, sys, sysconfig, types
from importlib.metadata import version
from unittest.mock import MagicMock

print("mmpose", version("mmpose"))
package = pathlib.Path(sysconfig.get_path("purelib"), "mmpose")

# The inferencer: the method that writes a video's predictions.
source = (package / "apis" / "inferencers" / "base_mmpose_inferencer.py").read_text()
method = next(node for node in ast.walk(ast.parse(source))
              if getattr(node, "name", "") == "_finalize_video_processing")
dump = types.SimpleNamespace(dump=lambda what, path, **_: json.dump(what, open(path, "w")))
names = dict(os=os, mmengine=dump, join_path=os.path.join)
exec(compile(ast.Module([method], []), "inferencer", "exec"), names)
video = dict(writer=None, name="walk.mp4", predictions=[[], [], []])
names["_finalize_video_processing"](types.SimpleNamespace(video_info=video), pred_out_dir=".")
inferencer = [frame["frame_id"] for frame in json.load(open("walk.json"))]

# The demo script, as a whole.
for module in ("cv2", "mmcv", "mmengine", "mmengine.logging", "mmdet", "mmdet.apis", "numpy",
               "mmpose", "mmpose.apis", "mmpose.evaluation", "mmpose.evaluation.functional",
               "mmpose.registry", "mmpose.structures", "mmpose.utils"):
    sys.modules[module] = MagicMock()
frames = iter([(True, "picture")] * 3 + [(False, None)])
capture = MagicMock()
capture.isOpened.return_value = True
capture.read.side_effect = lambda: next(frames)
sys.modules["cv2"].VideoCapture.return_value = capture
sys.modules["mmpose.structures"].split_instances.return_value = []
sys.modules["mmpose.apis"].init_model.return_value.dataset_meta = {"dataset_name": "coco"}
sys.argv = ["topdown_demo_with_mmdet.py", "det.py", "det.pth", "pose.py", "pose.pth", "--input",
            "walk.mp4", "--output-root", ".", "--save-predictions", "--device", "cpu"]
script = (package / ".mim" / "demo" / "topdown_demo_with_mmdet.py").read_text()
names = {"__name__": "demo"}
exec(compile(script, "topdown_demo_with_mmdet.py", "exec"), names)
names["process_one_image"] = lambda *arguments: None  # the model: nobody is there
names["main"]()
demo = [frame["frame_id"] for frame in json.load(open("results_walk.json"))["instance_info"]]

print("inferencer: frame_id", inferencer)
print("demo script: frame_id", demo)
surprise = inferencer == [0, 1, 2] and demo == [1, 2, 3]
print("as described" if surprise else "this has changed")
sys.exit(not surprise)
PYTHON
