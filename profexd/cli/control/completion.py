"""``profexctl completion``: the script that teaches a shell the verbs, options and names."""

from __future__ import annotations

import click

from profexd.cli.control.caller import Caller


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the completion script of SHELL.

    bash: eval "$(profexctl completion bash)" in ~/.bashrc. zsh: the same in ~/.zshrc. fish:
    profexctl completion fish > ~/.config/fish/completions/profexctl.fish
    """
    from click.shell_completion import get_completion_class

    completion = get_completion_class(shell)
    assert completion is not None
    root = context.find_root()
    script = completion(root.command, {}, "profexctl", "_PROFEXCTL_COMPLETE").source()
    context.ensure_object(Caller).console.print(script.rstrip("\n"))
