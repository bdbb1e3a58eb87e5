"""How the shop hashes operators' passwords: the tests' own processes do it cheaply, so another one is asked."""

import subprocess
import sys

import argon2

_SAY_A_HASH = "from members import passwords; print(passwords._hasher.hash('long enough to be a password'), passwords._NOBODY)"


def test_an_operators_password_costs_a_guesser_time_and_memory_and_so_does_an_unknown_login():
    said = subprocess.run(
        [sys.executable, "-c", _SAY_A_HASH], capture_output=True, text=True, check=True
    ).stdout.split()
    assert len(said) == 2
    for hashed in said:
        found = argon2.extract_parameters(hashed)
        assert found.type is argon2.Type.ID
        assert (found.time_cost, found.memory_cost, found.parallelism) == (3, 64 * 1024, 4)
        assert (found.salt_len, found.hash_len) == (16, 32)
