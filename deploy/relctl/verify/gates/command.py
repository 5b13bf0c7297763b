"""Gate `command`: someone's own program says yes by ending with 0."""

from relctl.config.gates import CommandSettings
from relctl.hooks.program import Ended, run
from relctl.verify.trial import Trial
from relctl.verify.verdict import Verdict, failed, passed


def command(trial: Trial, settings: CommandSettings) -> Verdict:
    """Run the program in the project's folder; its process group ends with it, and it with its time."""
    candidate = trial.candidate
    told = {
        "RELCTL_CANDIDATE_URL": candidate.service.url,
        "RELCTL_TAG": str(candidate.tag),
        "RELCTL_IMAGE_ID": candidate.image.id,
    }
    try:
        ended = run(settings.run, candidate.project.root, told, b"", settings.timeout)
    except (OSError, ValueError) as error:
        return failed(f"{settings.run[0]} cannot be run: {getattr(error, 'strerror', None) or error}")
    return _judge(ended, settings)


def _judge(ended: Ended, settings: CommandSettings) -> Verdict:
    if ended.code is None:
        return failed(f"not done within {settings.timeout:g} s", output=ended.output)
    if ended.code != 0:
        return failed(
            f"ended with {ended.code}: {ended.last_line}", output=ended.output, exit_code=ended.code
        )
    return passed("ended with 0", output=ended.output, exit_code=0)
