"""Commands that set the shop up: operators, settings, documents."""

from __future__ import annotations

import argparse
import getpass
import re
import sys
from pathlib import Path

from app import config
from app.cli.command import Commands, asked
from app.exit_codes import ExitCode


def add(commands: Commands) -> None:
    """operator, openapi, config-check."""
    operator = commands.add(
        "operator", _operator, "新增操作员或重设密码 · add an operator, or set a new password"
    )
    operator.add_argument("login", help="登录名 · the login")
    operator.add_argument("name", nargs="?", help="姓名 · the person's name")
    operator.add_argument(
        "--post",
        action="append",
        metavar="ROLE[@STORE]",
        default=[],
        help="岗位，可多次：owner manager accountant cashier clerk support auditor；不写为店主 · a post, repeatable; none: owner",
    )
    operator.add_argument(
        "--password-stdin",
        action="store_true",
        help="从标准输入读密码 · read the password from standard input",
    )
    operator.add_argument(
        "--reset-second-factor",
        action="store_true",
        help="手机丢失：只移除第二步验证并下线 · a lost phone: only takes the second factor away and ends all sessions",
    )
    openapi = commands.add("openapi", _openapi, "写出接口文档 · write the OpenAPI documents")
    openapi.add_argument(
        "--into", type=Path, default=Path("docs/openapi"), metavar="DIR", help="目录 · where to"
    )
    openapi.add_argument("--check", action="store_true", help="只比较 · only compare with what is there")
    commands.add("config-check", _config_check, "检查设置文件 · check the settings")


def _operator(given: argparse.Namespace) -> ExitCode:
    from members import duties, operators

    if given.reset_second_factor:
        return _reset(given)
    if given.name is None:
        print("还要写姓名 · a name is needed", file=sys.stderr)
        return ExitCode.FAILED
    posts = []
    for text in given.post or ["owner"]:
        role, _, store = text.partition("@")
        if role not in duties.ROLES and not re.fullmatch("r[0-9]{1,11}", role):
            print(f"{role}: 没有这个岗位 · no such role ({' '.join(duties.ROLES)})", file=sys.stderr)
            return ExitCode.FAILED
        posts.append(duties.Post(role, store or None))
    if given.password_stdin:
        password = sys.stdin.readline().rstrip("\n")
    else:
        password = getpass.getpass("密码 · password: ")
        if getpass.getpass("再输一次 · once more: ") != password:
            print("两次不同 · they differ", file=sys.stderr)
            return ExitCode.FAILED

    def said(made: operators.Operator) -> ExitCode:
        print(f"{made.login} ({made.name}) ✓")
        return ExitCode.OK

    return asked(
        given,
        lambda: operators.create(login=given.login, name=given.name, password=password, posts=posts),
        said,
    )


def _reset(given: argparse.Namespace) -> ExitCode:
    from members import staff

    def said(_none: None) -> ExitCode:
        print(f"{given.login}: 第二步验证已移除 · second factor taken away ✓")
        return ExitCode.OK

    return asked(given, lambda: staff.reset_second_factor_of(given.login), said)


def _openapi(given: argparse.Namespace) -> ExitCode:
    from app import documents

    differing = documents.write(given.into, check=given.check)
    for path in differing:
        print(f"{path}: {'过期，运行 · outdated, run: yucun openapi' if given.check else '已更新 · written'}")
    return ExitCode.FAILED if given.check and differing else ExitCode.OK


def _config_check(given: argparse.Namespace) -> ExitCode:
    path = config.path_from(given.config)
    config.load(path)
    print(f"{path}: 没有错误 · no faults")
    return ExitCode.OK
