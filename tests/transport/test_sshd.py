"""The server that other tests stand on."""

import subprocess

from tests.sshd import StartSshd


def test_the_real_client_gets_in(start_sshd: StartSshd) -> None:
    server = start_sshd()
    options = [
        "-F/dev/null",
        "-oBatchMode=yes",
        "-oStrictHostKeyChecking=yes",
        f"-oUserKnownHostsFile={server.known_hosts}",
        "-oGlobalKnownHostsFile=/dev/null",
        f"-p{server.port}",
        f"-l{server.user}",
        f"-i{server.client_key}",
    ]
    argv = ["ssh", *options, "--", "127.0.0.1", "echo in; echo $HOME"]
    answer = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert answer.stdout.splitlines()[0] == "in", answer.stderr
    assert "Accepted publickey" in server.log_text()
