"""The rubrics of a folder."""

from pathlib import Path

import pytest

from service.errors import RubricInvalid, RubricNotFound
from service.rubric import Catalog
from tests.rubric.yaml_files import REST


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one rubric, something else, and a rubric outside of it."""
    inside = tmp_path / "rubrics"
    (inside / "folder.yaml").mkdir(parents=True)
    (inside / "rest.yaml").write_text(REST, encoding="utf-8")
    (inside / "Not An Id.yaml").write_text("x", encoding="utf-8")
    (inside / "rubric.schema.json").write_text("{}", encoding="utf-8")
    (tmp_path / "secret.yaml").write_text(REST.replace("id: rest", "id: secret"), encoding="utf-8")
    return inside


def test_ids_are_the_files_that_can_be_asked_for(folder: Path) -> None:
    """Folders, other files and names that are no id are left out."""
    ids = Catalog(folder).ids()

    assert ids == ("rest",)


def test_get_reads_once(folder: Path) -> None:
    """A rubric stays what it was when first asked for."""
    catalog = Catalog(folder)
    first = catalog.get("rest")
    (folder / "rest.yaml").unlink()

    again = catalog.get("rest")

    assert again is first


def test_all(folder: Path) -> None:
    """Every rubric that has an id."""
    rubrics = Catalog(folder).all()

    assert [rubric.id for rubric in rubrics] == ["rest"]


def test_an_unknown_id_lists_those_that_exist(folder: Path) -> None:
    """The error says what could have been asked for."""
    with pytest.raises(RubricNotFound) as caught:
        Catalog(folder).get("sleep")

    assert caught.value.known == ("rest",)
    assert str(caught.value) == "There is no rubric 'sleep'; these exist: rest."


@pytest.mark.parametrize(
    "rubric_id",
    [
        "",
        ".",
        "..",
        "../secret",
        "/etc/passwd",
        "rest.yaml",
        "rest/",
        "REST",
        "rest\n",
        "rest\0",
        "folder",
        "Not An Id",
        pytest.param("a" * 5_000, id="longer than a file name can be"),
    ],
)
def test_an_id_never_leads_out_of_the_folder(folder: Path, rubric_id: str) -> None:
    """Whatever is asked for, only ids of this folder are read."""
    with pytest.raises(RubricNotFound) as caught:
        Catalog(folder).get(rubric_id)

    assert len(str(caught.value)) < 300


def test_a_file_named_otherwise_than_its_id(folder: Path) -> None:
    """A copy that kept the id of the original is found out."""
    (folder / "copy.yaml").write_text(REST, encoding="utf-8")

    with pytest.raises(RubricInvalid) as caught:
        Catalog(folder).get("copy")

    assert "the id is 'rest', the file's name says 'copy'" in str(caught.value)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """No folder is no rubrics."""
    catalog = Catalog(tmp_path / "nothing")

    with pytest.raises(RubricNotFound) as caught:
        catalog.get("rest")

    assert str(caught.value).endswith("these exist: none.")
