"""One department for all tests, and a copy of it for each that changes something."""

import shutil

import pytest

from tests.elicense.cli.department import Department, found


@pytest.fixture(scope="session")
def department(tmp_path_factory):
    """A department that no test changes."""
    return found(tmp_path_factory.mktemp("department"))


@pytest.fixture
def own(department, tmp_path):
    """A copy of it, for this test alone."""
    shutil.copytree(department.folder, tmp_path / "own")
    return Department(tmp_path / "own")
