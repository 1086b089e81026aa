"""Sends requests made from the description of the API to the emulator: to all operations, valid
ones and, on purpose, wrong ones. What is valid has to be answered, with what is described; what
is wrong with an error of the described form; nothing with a 500.

PLAID_URL, PLAID_CLIENT_ID and PLAID_SECRET say where the emulator is. `cargo test -p
plaid-sandbox --test clients` starts one and sets them. With CI set the border cases of every
field are sent as well, which takes some minutes.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import document

HERE = pathlib.Path(__file__).resolve().parent
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "positive_data_acceptance",
]


def run(folder):
    described = document.for_tests(document.joined(HERE.parents[2] / "openapi"))
    (folder / "openapi.json").write_text(json.dumps(described), encoding="utf-8")
    phases = "coverage,fuzzing" if os.environ.get("CI") else "fuzzing"
    command = [sys.executable, "-B", "-m", "schemathesis.cli", "run", folder / "openapi.json"]
    command += ["--url", os.environ["PLAID_URL"], "--phases", phases, "--checks", ",".join(CHECKS)]
    command += ["--header", "PLAID-CLIENT-ID: " + os.environ["PLAID_CLIENT_ID"]]
    command += ["--header", "PLAID-SECRET: " + os.environ["PLAID_SECRET"]]
    # As many as it takes for optional fields to be there and not; the same in every run.
    command += ["--max-examples", "4", "--seed", "1", "--no-shrink", "--continue-on-failure"]
    command += ["--no-color", "--warnings", "off", *sys.argv[1:]]
    answered = folder / "answered.json"
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "hooks", "ANSWERED": str(answered)}
    environment["PYTHONPATH"] = str(HERE)
    subprocess.run(command, cwd=folder, env=environment, check=True)
    good = {
        operation
        for operation, statuses in json.loads(answered.read_text()).items()
        if any(status.startswith("2") for status in statuses)
    }
    wanted = {operation["operationId"] for operation in document.operations(described)}
    print(f"{len(good)} of {len(wanted)} operations gave a good answer")
    if len(sys.argv) == 1 and (len(wanted) != 329 or good != wanted):
        sys.exit(f"without a good answer: {sorted(wanted - good)}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        try:
            run(pathlib.Path(temporary))
        except subprocess.CalledProcessError as failed:
            sys.exit(failed.returncode)
