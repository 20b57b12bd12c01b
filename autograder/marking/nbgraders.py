"""nbgrader's own word on what a check cell earns, for processes that need nothing else of it.

`import nbgrader.utils` would load nbgrader's four servers first, and with them its gradebook and
nbconvert: half a second and 46 MB in every worker. The file itself needs none of them.
"""

from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

_FILE = Path(find_spec("nbgrader").origin).with_name("utils.py")
_spec = spec_from_file_location(__name__ + ".utils", _FILE)
_utils = module_from_spec(_spec)
_spec.loader.exec_module(_utils)

determine_grade = _utils.determine_grade
