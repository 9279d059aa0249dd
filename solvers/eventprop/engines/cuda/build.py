"""Makes the kernels for GPUs from their sources: ``python -m solvers.eventprop.engines.cuda.build``.

The result is PTX, NVIDIA's intermediate language, which the driver turns into code for the card at hand. It is kept
beside the sources, so that only who changes these needs the compiler, which is one package from PyPI and needs no GPU.
"""

import ctypes
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

PACKAGE, VERSION = "nvidia-cuda-nvrtc-cu12", "12.0.140"  # the same compiler gives the same PTX, to the letter
ARCHITECTURE = "compute_70"  # the oldest cards; the PTX loads on all later ones, by drivers of CUDA 12.0 or later
KERNELS = "forward", "jumps", "sums", "collect"
HERE = Path(__file__).parent / "kernels"


def require_compiler() -> Path:
    """The compiler's library.

    Raises:
        ValueError: if the package, in this version, is not installed; says what to install.
    """
    try:
        package = distribution(PACKAGE)
    except PackageNotFoundError:
        package = None
    found = "" if package is None else package.version
    if package is None or found != VERSION:
        raise ValueError(f"{PACKAGE} is {found or 'missing'}: pip install {PACKAGE}=={VERSION} (Linux)")
    files = [file for file in package.files or () if file.name.startswith("libnvrtc.so")]
    return Path(str(package.locate_file(files[0])))


def compiled(kernel: str) -> str:
    """PTX of a kernel of ``KERNELS``.

    Raises:
        ValueError: without the compiler.
        RuntimeError: if it refuses the source; says why.
    """
    library = str(require_compiler())
    with ThreadPoolExecutor(1) as apart:  # the compiler leaves its thread with another locale
        return apart.submit(lambda: _compiled(ctypes.CDLL(library), kernel)).result()


def _compiled(nvrtc: ctypes.CDLL, kernel: str) -> str:
    program = ctypes.c_void_p()
    headers = sorted(HERE.glob("*.cuh"))
    texts = (ctypes.c_char_p * len(headers))(*(file.read_bytes() for file in headers))
    names = (ctypes.c_char_p * len(headers))(*(file.name.encode() for file in headers))
    source = (HERE / f"{kernel}.cu").read_bytes()
    made = nvrtc.nvrtcCreateProgram(
        ctypes.byref(program), source, f"{kernel}.cu".encode(), len(headers), texts, names
    )  # fmt: skip
    options = [f"--gpu-architecture={ARCHITECTURE}".encode(), b"--std=c++17", b"--fmad=true"]
    failed = made or nvrtc.nvrtcCompileProgram(program, len(options), (ctypes.c_char_p * len(options))(*options))
    if failed:
        raise RuntimeError(f"{kernel}.cu does not compile:\n{_text(nvrtc, 'ProgramLog', program)}")
    text = _text(nvrtc, "PTX", program)
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    return text


def _text(nvrtc: ctypes.CDLL, what: str, program: ctypes.c_void_p) -> str:
    size = ctypes.c_size_t()
    getattr(nvrtc, f"nvrtcGet{what}Size")(program, ctypes.byref(size))
    text = ctypes.create_string_buffer(size.value)
    getattr(nvrtc, f"nvrtcGet{what}")(program, text)
    return text.value.decode()


if __name__ == "__main__":
    for name in KERNELS:
        (HERE / f"{name}.ptx").write_text(compiled(name))
        print(f"{name}.ptx")
