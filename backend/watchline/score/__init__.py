"""How a run did against the truth of its scenario."""

from watchline.score.compare import Score, SeenFinding, clopper_pearson, nearest_target, score
from watchline.score.expected import Expected, expected_findings
from watchline.score.gospa import Gospa, gospa, mean_gospa
from watchline.score.truth import TruePath, read_truth

__all__ = [
    "Expected",
    "Gospa",
    "Score",
    "SeenFinding",
    "TruePath",
    "clopper_pearson",
    "expected_findings",
    "gospa",
    "mean_gospa",
    "nearest_target",
    "read_truth",
    "score",
]
