"""When: schedules, the timetable, and the rules of what starts, waits or is skipped."""
