"""hipscan: which HIPAA safeguards hold on these Linux hosts today."""

from typing import Final

__version__: Final = "0.1.0"
