"""`agent-memory verify`: everything that must hold, checked."""

from __future__ import annotations

import click

from agent_memory.cli.ending import CORRUPT, OK
from agent_memory.cli.front import Front, front


@click.command("verify", short_help="Check everything that must hold.")
@front()
def command(front: Front) -> int:
    """Check all that must hold in the store, changing nothing. Exit code 4 if something does not."""
    return front.run(_verify(front))


async def _verify(front: Front) -> int:
    from agent_memory.cli.progress import bars
    from agent_memory.cli.terminal import counted, stored
    from agent_memory.memory import VerifyFinding, VerifyProgress, VerifyVerdict

    findings: list[VerifyFinding] = []
    verdict: VerifyVerdict | None = None
    async with front.memory() as memory:
        with bars(front, "entries") as show:
            async for report in memory.verify():
                if isinstance(report, VerifyProgress):
                    show(report.check, report.done, report.total)
                elif isinstance(report, VerifyFinding):
                    findings.append(report)
                else:
                    verdict = report
        # A view that is live was brought up to the log to be checked; one that waits was not.
        late = {view.name: view for view in (await memory.status()).views if view.lag and view.state.value != "live"}
    sound = verdict is not None and verdict.sound
    checks = verdict.checks if verdict is not None else ()
    if front.as_json:
        told = [{"check": finding.check, "message": finding.message} for finding in findings]
        count = verdict.finding_count if verdict is not None else len(findings)
        behind = [{"check": name, "position": view.position, "lag": view.lag} for name, view in late.items()]
        shape = {"sound": sound, "checks": list(checks), "finding_count": count, "findings": told, "behind": behind}
        front.envelope(shape)
        return OK if sound else CORRUPT
    from rich.text import Text

    wrong = {finding.check for finding in findings}
    for check in checks:
        mark = Text("✗ ", "bold red") if check in wrong else Text("✓ ", "green")
        view = late.get(check)
        far = f"  up to position {view.position:,} of {view.position + view.lag:,}" if view else ""
        front.out.print(Text.assemble(mark, stored(check), (far, "yellow")))
        for finding in findings:
            if finding.check == check:
                front.out.print(stored(f"    {finding.message}", "red", one_line=False))
    for finding in findings:
        if finding.check not in checks:
            front.out.print(stored(f"✗ {finding.check}: {finding.message}", "red"))
    if sound:
        front.out.print(f"Sound: {counted(len(checks), 'check')}.", style="bold green")
        for name in late:
            front.out.print(f"{name} has not come further; `agent-memory status` shows why.", style="yellow")
    else:
        count = verdict.finding_count if verdict is not None else len(findings)
        front.out.print(f"Not sound: {counted(count, 'finding')}.", style="bold red")
    return OK if sound else CORRUPT
