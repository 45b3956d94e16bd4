"""The deterministic offline grader.

`grader` asks `compiled` for a rubric made ready, has the answer read once (`reading`: units, regions, concepts with
their scope, figures), and looks where the signals' `expressions` hold; `evidence` turns that into spans.
"""

from service.graders.keyword.grader import KEYWORD_VERSION, KeywordGrader

__all__ = ["KEYWORD_VERSION", "KeywordGrader"]
