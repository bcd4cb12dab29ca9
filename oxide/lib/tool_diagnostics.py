"""What tool runners and toolsets tell an observer, by the official SDK's path."""

from oxide.helpers.tool_diagnostics import ToolDiagnostic as ToolDiagnostic
from oxide.helpers.tool_diagnostics import ToolDiagnosticObserver as ToolDiagnosticObserver
from oxide.helpers.tool_diagnostics import ToolDiagnosticUsage as ToolDiagnosticUsage

__all__ = ["ToolDiagnostic", "ToolDiagnosticObserver", "ToolDiagnosticUsage"]
