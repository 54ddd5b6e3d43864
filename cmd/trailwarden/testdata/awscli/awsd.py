"""The AWS CLI in a process that is warm already.

Starting the CLI takes most of the time of a call. This process imports it once
and forks for every call, which then runs the CLI's own main on its own copy of
everything. It listens on the Unix socket that it is given and ends with its
standard input.

With a second argument it is the command: it hands its arguments, environment and
folder over and gives back what the call printed.
"""

import functools
import json
import os
import socket
import struct
import sys


def receive(conn):
    size = struct.unpack("!I", conn.recv(4, socket.MSG_WAITALL))[0]
    return json.loads(conn.recv(size, socket.MSG_WAITALL))


def send(conn, value):
    data = json.dumps(value).encode()
    conn.sendall(struct.pack("!I", len(data)) + data)


def call(path):
    conn = socket.socket(socket.AF_UNIX)
    conn.connect(path)
    args = sys.argv[3:]
    if endpoint := os.environ.get("AWS_ENDPOINT_URL"):  # version 1 overlooks the variable for SQS
        args += ["--endpoint-url", endpoint]
    send(conn, {"args": args, "env": dict(os.environ), "cwd": os.getcwd()})
    answer = receive(conn)
    sys.stdout.write(answer["out"])
    sys.stderr.write(answer["err"])
    sys.exit(answer["code"])


def run(conn):
    import tempfile

    from awscli.clidriver import main

    request = receive(conn)
    data = os.environ["AWS_DATA_PATH"]  # set by the CLI as it was imported
    os.environ.clear()
    os.environ.update(request["env"], AWS_DATA_PATH=data)
    os.chdir(request["cwd"])
    sys.argv = ["aws"] + request["args"]
    printed = [tempfile.TemporaryFile() for _ in range(2)]
    for number, file in enumerate(printed, 1):
        os.dup2(file.fileno(), number)
    try:
        code = main()
    except SystemExit as end:
        code = end.code
    sys.stdout.flush()
    sys.stderr.flush()
    for file in printed:
        file.seek(0)
    out, err = (file.read().decode() for file in printed)
    send(conn, {"out": out, "err": err, "code": code or 0})


def serve(path):
    import signal
    import threading

    import awscli.clidriver
    import awscli.handlers  # noqa: F401
    import botocore.loaders

    # What one call read the next need not read again; models are never changed.
    read = botocore.loaders.JSONFileLoader().load_file
    kept = functools.lru_cache(maxsize=None)(read)
    botocore.loaders.JSONFileLoader.load_file = lambda self, file: kept(file)
    session = awscli.clidriver.create_clidriver().session
    for service in sys.argv[2].split(","):
        session.get_service_model(service)
        loader = session.get_component("data_loader")
        loader.load_service_model(service, "endpoint-rule-set-1")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(16)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    print("ready", flush=True)
    while True:
        conn, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            try:
                run(conn)
            except Exception as error:
                send(conn, {"out": "", "err": f"awsd: {error!r}\n", "code": 250})
            finally:
                os._exit(0)
        conn.close()


if sys.argv[2] == "call":
    call(sys.argv[1])
else:
    serve(sys.argv[1])
