"""What pyproject.toml cannot say: a wheel also holds the folders that a night runs (`creditline.project` finds them)."""

from pathlib import Path
from shutil import copytree, ignore_patterns, rmtree

from setuptools import setup
from setuptools.command.build_py import build_py

SHIPPED = ("dbt_project", "expectations", "dags")
LEFT_BY_RUNS = ignore_patterns("target", "logs", "__pycache__", ".user.yml")


class BuildWithProject(build_py):
    """Copies the folders into the package. An editable install needs no copy: there the checkout is used."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        root, shipped = Path(__file__).parent, Path(self.build_lib) / "creditline" / "shipped"
        rmtree(shipped, ignore_errors=True)
        for folder in SHIPPED:
            copytree(root / folder, shipped / folder, ignore=LEFT_BY_RUNS)


setup(cmdclass={"build_py": BuildWithProject})
