"""Runs the AWS CLI's `cloudtrail validate-logs`, one run for each line of input.

Each line is a JSON list of arguments; the answer is one line of JSON with the
exit code and what was printed. The first argument of the program is the
endpoint for CloudTrail, the second the region.
"""

import contextlib
import io
import json
import sys
from types import SimpleNamespace

from awscli.clidriver import create_clidriver
from awscli.customizations import scalarparse
from awscli.customizations.cloudtrail.validation import CloudTrailValidateLogs


def run(session, options, args):
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
        try:
            code = CloudTrailValidateLogs(session)(args, options)
        except Exception as e:
            return {"code": -1, "text": text.getvalue(), "gaveUp": f"{type(e).__name__}: {e}"}
    return {"code": code, "text": text.getvalue()}


def main():
    session = create_clidriver().session
    scalarparse.add_scalar_parsers(session)  # as the driver does before a command runs
    options = SimpleNamespace(endpoint_url=sys.argv[1], region=sys.argv[2], verify_ssl=None, command="cloudtrail", output=None, query=None, profile=None)
    for line in sys.stdin:
        print(json.dumps(run(session, options, json.loads(line))), flush=True)


main()
