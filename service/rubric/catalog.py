"""The rubrics in a folder, one file each, named after its id."""

import re
from functools import cache
from pathlib import Path

from service.errors import Problem, RubricInvalid, RubricNotFound
from service.rubric.loader import load_rubric
from service.rubric.model import Rubric

_ID = re.compile(r"(?=.{1,80}$)[a-z0-9]+(-[a-z0-9]+)*")


@cache
def bundled_folder() -> Path:
    """The rubrics that come with the service: inside an installed package, beside it in a checkout."""
    package = Path(__file__).parent.parent
    installed = package / "rubrics"
    return installed if installed.is_dir() else package.parent / "rubrics"


class Catalog:
    """The rubrics of one folder, each read when first asked for and kept."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or bundled_folder()
        self._loaded: dict[str, Rubric] = {}

    def ids(self) -> tuple[str, ...]:
        """The ids in the folder, sorted."""
        return tuple(
            sorted(path.stem for path in self.folder.glob("*.yaml") if _ID.fullmatch(path.stem) and path.is_file())
        )

    def get(self, rubric_id: str) -> Rubric:
        """The rubric with an id.

        Raises:
            RubricNotFound: there is no such file; the error lists the ids that exist.
            RubricInvalid: its file is not a rubric, or holds another id.
        """
        if rubric_id not in self._loaded:
            path = self.folder / f"{rubric_id}.yaml"
            # The pattern keeps an id from naming a file outside the folder.
            if not _ID.fullmatch(rubric_id) or not path.is_file():
                raise RubricNotFound(rubric_id, self.ids())
            rubric = load_rubric(path)
            if rubric.id != rubric_id:
                problem = Problem(
                    f"the id is {rubric.id!r}, the file's name says {rubric_id!r}",
                    "Rename one of them.",
                    file=str(path),
                )
                raise RubricInvalid([problem])
            self._loaded[rubric_id] = rubric
        return self._loaded[rubric_id]

    def all(self) -> tuple[Rubric, ...]:
        """Every rubric of the folder, in the order of their ids.

        Raises:
            RubricInvalid: one of the files is not a rubric.
        """
        return tuple(self.get(rubric_id) for rubric_id in self.ids())
