"""Pages brought upright before anything is read on them: pure geometry on pictures and boxes.

picture --marks--> boxes of what is as large as letters --lean--> skew, and which way lines run
                                                                    |
picture, boxes of words, truth  <------------- Pose ----------- `choose`: an engine is asked where that is unsure
"""

from pipeline.upright.chars import pose_of_chars, turn_page
from pipeline.upright.choose import find_pose
from pipeline.upright.lean import Lean, lean_of
from pipeline.upright.marks import marks_of
from pipeline.upright.pose import UPRIGHT, Pose
from pipeline.upright.truth import turn_truth

__all__ = ["UPRIGHT", "Lean", "Pose", "find_pose", "lean_of", "marks_of", "pose_of_chars", "turn_page", "turn_truth"]
