"""Executes one notebook for execute.ts.

The request is one line of JSON on standard input: the notebook, the folder that cells run in, the kernel's name, and the
time limit of a cell. Events are lines of JSON on file descriptor 3 (1 and 2 belong to the kernel): the output of running
cells, each cell when it has ended, and finally the outcome with the notebook as far as it was executed. SIGINT stops the
running cell. At the end of standard input the caller is gone: this process kills the kernel and exits.
"""

import asyncio
import json
import os
import secrets
import signal
import sys
import threading

# Text formats that no notebook uses: jsonschema would spend a second on their grammars at every start.
for unused in ("rfc3987_syntax", "isoduration"):
    sys.modules[unused] = None

import nbformat
from jupyter_core.paths import jupyter_runtime_dir
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat.v4 import output_from_msg

EVENTS = os.fdopen(3, "w", encoding="utf8")
STARTUP_S = 180
# Maximum bytes of a socket's path on Linux.
SOCKET_PATH = 107
# Seconds for a stopped cell to end before its kernel is killed: training finishes its step and saves its state.
STOP_S = 60


def emit(**event):
    EVENTS.write(json.dumps(event) + "\n")
    EVENTS.flush()


class Runner(NotebookClient):
    """Emits events, and keeps output that a cell prints after its end."""

    def __init__(self, notebook, **options):
        super().__init__(notebook, **options)
        self.codes = [i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code" and cell.source.strip()]
        self.current = None
        self.parents = {}
        self.on_notebook_start = self.started
        self.on_cell_execute = self.cell_started
        self.on_cell_executed = self.cell_executed

    def create_kernel_manager(self):
        manager = super().create_kernel_manager()
        # Sockets in a folder that only its owner can enter: over TCP every user of this machine can read the cells' output.
        file = os.path.join(jupyter_runtime_dir(), f"{secrets.token_hex(4)}.json")
        if len(os.fsencode(file.replace(".json", "-ipc-5"))) <= SOCKET_PATH:
            manager.transport = "ipc"
            manager.connection_file = file
        return manager

    def started(self, notebook):
        emit(event="ready")
        channel = self.kc.iopub_channel
        receive = channel.get_msg

        async def get_msg(*args, **kwargs):
            message = await receive(*args, **kwargs)
            self.keep_late(message)
            return message

        channel.get_msg = get_msg
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, self.stop)

    def cell_started(self, cell, cell_index):
        self.current = cell_index
        emit(event="cell", cell=cell_index, number=self.codes.index(cell_index) + 1, total=len(self.codes))

    def cell_executed(self, cell, cell_index, execute_reply):
        emit(event="executed", cell=cell_index, content=cell)

    def stop(self):
        async def interrupt():
            await self.km.interrupt_kernel()
            await asyncio.sleep(STOP_S)
            await self.km.shutdown_kernel(now=True)

        self.stopping = asyncio.ensure_future(interrupt())

    def keep_late(self, message):
        """Keeps output of a cell that has ended, such as a timer's, which nbclient drops."""
        owner = self.parents.get(message["parent_header"].get("msg_id"))
        if owner is None or owner == self.current:
            return
        if message["msg_type"] in ("stream", "display_data"):
            self.tell(message)
            self.nb.cells[owner].outputs.append(output_from_msg(message))

    def process_message(self, msg, cell, cell_index):
        self.parents[msg["parent_header"].get("msg_id")] = cell_index
        self.tell(msg)
        return super().process_message(msg, cell, cell_index)

    def tell(self, message):
        content = message["content"]
        if message["msg_type"] == "stream":
            emit(event="stream", name=content["name"], text=content["text"])
        elif message["msg_type"] in ("display_data", "execute_result"):
            emit(event="shown", text=content["data"].get("text/plain", ""))
        elif message["msg_type"] == "update_display_data" and is_status(content["data"]):
            emit(event="status", text=content["data"]["text/plain"])


def is_status(data):
    """Returns whether an output is a line that replaces another: text, or progress."""
    return list(data) == ["text/plain"] or 'class="recurlab-progress ' in data.get("text/html", "")


def outcome(runner):
    """Runs the notebook and returns its outcome."""
    try:
        asyncio.run(runner.async_execute())
    except CellExecutionError as error:
        # The kernel has reported how the cells' process ended, and ends itself.
        if error.ename == "KernelDied":
            return {"status": "dead", "message": error.evalue}
        outputs = runner.nb.cells[runner.current].outputs
        shown = next((one for one in reversed(outputs) if one.output_type == "error"), {})
        return {
            "status": "error",
            "ename": error.ename,
            "evalue": error.evalue,
            "traceback": list(shown.get("traceback", [])),
        }
    except CellTimeoutError:
        return {"status": "timeout"}
    except DeadKernelError:
        return {"status": "dead"}
    except Exception as error:  # the kernel did not start, or its messages could not be read
        return {"status": "dead" if runner.current is not None else "start", "message": str(error)}
    return {"status": "ok"}


def end_with_caller(runner):
    """Kills the kernel when standard input ends, which the caller keeps open while it waits for the outcome."""
    sys.stdin.buffer.read()
    kernel = getattr(getattr(runner.km, "provisioner", None), "pid", None)
    if kernel is not None:
        try:
            os.kill(kernel, signal.SIGKILL)
        except ProcessLookupError:
            pass
        runner.km.cleanup_connection_file()
        runner.km.cleanup_ipc_files()
    os._exit(1)


def main():
    request = json.loads(sys.stdin.buffer.readline())
    notebook = nbformat.reads(json.dumps(request["notebook"]), as_version=4)
    runner = Runner(
        notebook,
        kernel_name=request["kernel"],
        timeout=request["timeout"],
        startup_timeout=STARTUP_S,
        iopub_timeout=STARTUP_S,
        raise_on_iopub_timeout=True,
        record_timing=False,
        resources={"metadata": {"path": request["folder"]}},
    )
    threading.Thread(target=end_with_caller, args=(runner,), daemon=True).start()
    # Outputs and counts of an earlier run must not look like those of this run.
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
            cell.execution_count = None
    how = outcome(runner)
    emit(event="end", cell=runner.current, notebook=notebook, **how)


main()
