"""Which project a folder belongs to, with repositories that git itself made."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from agent_memory.capture.project import Projects, project_of


def git(folder: Path, *args: str) -> None:
    who = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "protocol.file.allow=always")
    subprocess.run(["git", *who, *args], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder with a repository, two worktrees, a submodule, a bare repository and dotfiles."""
    home = tmp_path_factory.mktemp("home")
    for name in ("main/src/deep", "library", "plain/notes"):
        (home / name).mkdir(parents=True)
    for name in ("main", "library"):
        git(home / name, "init", "-b", "main")
        git(home / name, "commit", "--allow-empty", "-m", "begin")
    git(home / "main", "submodule", "add", str(home / "library"), "vendor/library")
    git(home / "main", "commit", "-m", "with a library")
    git(home / "main", "worktree", "add", str(home / "elsewhere"), "-b", "elsewhere")
    git(home / "main", "worktree", "add", ".claude/worktrees/quick", "-b", "quick")
    git(home / "main/vendor/library", "worktree", "add", str(home / "library-tree"), "-b", "tree")
    (home / "hidden").mkdir()
    git(home, "clone", "--bare", "main", "hidden/.bare")
    git(home / "hidden/.bare", "worktree", "add", "../main", "main")
    git(home, "clone", "--bare", "main", "served.git")
    git(home / "served.git", "worktree", "add", "../from-served", "main")
    git(home, "init")
    return home


@pytest.mark.parametrize(
    ("folder", "project"),
    [
        ("main", "main"),
        ("main/src/deep", "main"),
        ("main/src/deep/../", "main"),
        ("main/gone/long/ago", "main"),
        ("elsewhere", "main"),
        ("elsewhere/gone", "main"),
        ("main/.claude/worktrees/quick", "main"),
        ("main/vendor/library", "main/vendor/library"),
        ("library-tree", "main/vendor/library"),
        ("hidden/main", "hidden"),
        ("from-served", "served.git"),
        ("plain/notes", "plain/notes"),
        ("never-was", "never-was"),
        ("", ""),
    ],
)
def test_a_project_is_the_root_of_the_repository(home: Path, folder: str, project: str) -> None:
    """Worktrees are of the repository that they are worktrees of; dotfiles in the home folder rule nothing below."""
    assert str(home / project) == project_of(str(home / folder), home=home)


def test_the_dotfiles_themselves_are_a_project_of_the_home_folder_alone(home: Path) -> None:
    """Without this rule every folder outside of a repository would be one project."""
    assert [str(home), str(home / "plain")] == [
        project_of(str(home), home=home),
        project_of(str(home / "plain"), home=home),
    ]


@pytest.mark.parametrize("folder", ["", "relative/folder", "C:\\Users\\ann\\code", "/with\0nul", "/nowhere/at/all"])
def test_what_is_no_folder_here_is_kept_as_it_is(folder: str) -> None:
    """A history may come from another machine."""
    assert folder == project_of(folder, home=Path("/home/nobody"))


@pytest.mark.parametrize(
    "content", [b"", b"gitdir:", b"gitdir: /nowhere", b"\xff\xfe\x00", b"gitdir: " + b"x" * 10_000]
)
def test_a_damaged_pointer_is_no_obstacle(tmp_path: Path, content: bytes) -> None:
    """The folder, or what is above it, is the project then."""
    (tmp_path / ".git").write_bytes(content)

    assert str(tmp_path) == project_of(str(tmp_path), home=Path("/home/nobody"))


def test_each_folder_is_looked_up_once(home: Path) -> None:
    """Of many events in one folder the file system is asked for one."""
    projects = Projects(home=home)
    before = projects.of(str(home / "library"))
    (home / "library/.git").rename(home / "library/git")
    after = projects.of(str(home / "library"))
    (home / "library/git").rename(home / "library/.git")

    assert str(home / "library") == before == after


def test_a_path_that_is_too_long_for_a_project_ends_in_a_digest_of_it(tmp_path: Path) -> None:
    """Paths may have four times the length that an event's names have; two that begin alike stay two."""
    long = str(tmp_path) + "/ü" * 900
    found = [project_of(long + end, home=tmp_path) for end in ("/a", "/b", "/a")]

    assert found[0] == found[2] != found[1]
    assert all(len(project.encode()) <= 1024 and project.startswith(str(tmp_path)) for project in found)
