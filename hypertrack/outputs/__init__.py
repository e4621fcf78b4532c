"""Report, dashboard and exports."""
