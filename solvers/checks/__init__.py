"""What all simulators check before they begin: the same for both, and for every engine."""

from .arguments import checked as checked
from .errors import InputError as InputError
from .errors import clear_errors as clear_errors
from .errors import reverse_mode as reverse_mode
from .events import batch_shapes as batch_shapes
from .host_call import host_call as host_call
from .one_by_one import one_by_one as one_by_one
from .units_of_time import in_milliseconds as in_milliseconds
from .varying import axes_of as axes_of
from .varying import varying_alike as varying_alike
