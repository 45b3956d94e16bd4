from tests.rubrics_once import rubrics_once

__all__ = ["rubrics_once"]
