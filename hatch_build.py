"""Ships datasets, notebooks and the answer bank inside `course`, so that load(),
`mildip start` and `mildip demo` work wherever the package is installed. An editable
install reads them from the checkout instead."""

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SHIPPED = {
    "datasets": "course/_shipped/datasets",
    "notebooks": "course/_shipped/notebooks",
    "tests/answers": "course/_shipped/answers",
    "nbgrader_config.py": "course/_shipped/nbgrader_config.py",
}


class Ship(BuildHookInterface):
    def initialize(self, version: str, build_data: dict) -> None:
        if version != "editable":
            build_data["force_include"].update(SHIPPED)
