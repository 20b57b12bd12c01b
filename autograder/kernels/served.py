"""Inside a sandbox: a real IPython kernel in place of `Cells`, for ordinary Jupyter clients."""

import socket
import threading
from typing import Any

from ipykernel import kernelapp
from ipykernel.iostream import IOPubThread
from ipykernel.ipkernel import IPythonKernel
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

from autograder.kernels import channel

#: Seconds the first answer is held back for somebody to listen to the outputs.
LISTENER_SECONDS = 2.0

_heard = threading.Event()


class _IOPub(IOPubThread):
    def __init__(self, socket: Any, pipe: bool = False, session: Any = None):
        # The pipe is for what subprocesses print, and it is TCP.
        super().__init__(socket, pipe=False, session=session)

    def _handle_subscription(self, frames: list[bytes]) -> None:
        super()._handle_subscription(frames)
        _heard.set()


class _Kernel(IPythonKernel):
    async def kernel_info_request(self, *request: Any) -> None:
        # A forked kernel is faster than its clients: one that had its answer before its
        # subscription stood would miss the outputs of its first cell.
        if threading.current_thread() is threading.main_thread():
            _heard.wait(LISTENER_SECONDS)
        await super().kernel_info_request(*request)


class _App(kernelapp.IPKernelApp):
    """The kernel's connection is told to it: no file, and none is written."""

    kernel_class = Type(_Kernel)

    def init_connection_file(self) -> None:
        pass

    def write_connection_file(self, **_: Any) -> None:
        pass


def serve_kernel(connection: dict, sock: socket.socket) -> None:
    """Serve Jupyter's five channels until shut down; called in the forked process.

    `connection` is what a connection file holds. One message on `sock`, `{"ready": true}`,
    says that all sockets are bound; `{"trouble": …}` says why they are not.
    """
    try:
        app = _application(connection)
    except BaseException as error:
        channel.send(sock, {"trouble": f"{type(error).__name__}: {error}"})
        raise
    channel.send(sock, {"ready": True})
    sock.close()
    app.start()


def _application(connection: dict) -> _App:
    kernelapp.IOPubThread = _IOPub
    if InteractiveShell.initialized():
        InteractiveShell.instance().clear_instance()  # that of the warm process
    config = Config()
    config.HistoryManager.enabled = False
    config.HistoryManager.hist_file = ":memory:"
    app = _App.instance(config=config)
    app.load_connection_info(connection)
    app.initialize([])
    # pyplot was loaded before this shell was there to be told of.
    app.shell.enable_matplotlib("inline")
    return app
