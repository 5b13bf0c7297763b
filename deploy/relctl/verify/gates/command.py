"""Gate `command`: a user's own program passes the candidate by exiting with 0."""

from relctl.config.gates import CommandSettings
from relctl.process import Ended, run_within
from relctl.verify.trial.trial import Trial, Verdict, failed, passed

_SHOWN = 200  # characters of a program's last line


def command(trial: Trial, settings: CommandSettings) -> Verdict:
    """Run the program in the project's folder; its process group ends with it, or when its time is over."""
    candidate = trial.candidate
    told = {
        "RELCTL_CANDIDATE_URL": candidate.users.url,
        "RELCTL_CONTAINER_URL": candidate.service.url,
        "RELCTL_TAG": str(candidate.tag),
        "RELCTL_IMAGE_ID": candidate.image.id,
    }
    try:
        ended = run_within(settings.run, candidate.project.root, told, b"", settings.timeout)
    except (OSError, ValueError) as error:
        return failed(f"{settings.run[0]} cannot be run: {getattr(error, 'strerror', None) or error}")
    return _judge(ended, settings)


def _judge(ended: Ended, settings: CommandSettings) -> Verdict:
    if ended.code is None:
        words = f"not done within {settings.timeout:g} s: {_last_line(ended)}"
        return failed(words, output=ended.output)
    words = f"ended with {ended.code}: {_last_line(ended)}"
    verdict = passed if ended.code == 0 else failed
    return verdict(words, output=ended.output, exit_code=ended.code)


def _last_line(ended: Ended) -> str:
    """Return the beginning of the last line: all of it is in the output."""
    line = ended.last_line
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"
