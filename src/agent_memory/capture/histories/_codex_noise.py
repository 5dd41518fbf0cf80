"""Lines of a Codex rollout that are about the conversation and not of it, and why each is skipped."""

from __future__ import annotations

ITEMS = {
    "reasoning": "thinking",
    "ghost_snapshot": "snapshot of files",
    "compaction": "compacted context, encrypted",
    "compaction_summary": "compacted context, encrypted",
    "context_compaction": "compacted context, encrypted",
    "compaction_trigger": "compacted context, encrypted",
    "other": "item of an unknown kind",
}

LINES = {
    "session_meta": "start of a rollout",
    "turn_context": "settings of a turn",
    "world_state": "state of the program",
    "inter_agent_communication_metadata": "state of the program",
    "state": "state of the program",
}
MESSAGES = {
    "task_started": "start of a turn",
    "turn_started": "start of a turn",
    "turn_aborted": "turn broken off",
    "token_count": "token count",
    "agent_reasoning": "thinking",
    "agent_reasoning_raw_content": "thinking",
    "agent_reasoning_section_break": "thinking",
    "agent_reasoning_delta": "thinking",
    "agent_message_delta": "part of a message",
    "session_configured": "settings",
    "thread_settings_applied": "settings",
    "thread_name_updated": "title",
    "thread_goal_updated": "goal of the session",
    "thread_rolled_back": "turns taken back",
    "guardian_assessment": "review of an approval",
    "sub_agent_activity": "activity of a sub-agent",
    "entered_review_mode": "start of a review",
    "undo_started": "undo",
    "undo_completed": "undo",
    "background_event": "notice",
    "stream_error": "error of the provider",
    "warning": "notice",
    "plan_update": "plan",
    "turn_diff": "changes of a turn",
    "item_started": "start of an item",
    "hook_started": "what hooks did",
    "hook_completed": "what hooks did",
}
