// agent-memory: what OpenCode tells its plugins, handed to `agent-memory hook opencode`.
//
// Written by `agent-memory install opencode`, removed by `agent-memory uninstall opencode`; changes made
// here are lost with the next install. Nothing in it can fail OpenCode or keep it waiting: every hook ends
// at once, whatever goes wrong is left alone, and the command runs by itself.

import { spawn } from "node:child_process"

const COMMAND = __COMMAND__

const RUNNING_MAX = 16
const WAITING_MAX = 1000
const REMEMBERED_MAX = 2000

export const AgentMemory = async ({ directory, worktree } = {}) => {
  const messages = new Map()
  const parents = new Map()
  const told = new Map()
  const waiting = []
  let running = 0

  const quietly = (work) => async (...given) => {
    try {
      if (!process.env.AGENT_MEMORY_INTERNAL) work(...given)
    } catch {}
  }

  const remember = (map, key, value) => {
    if (!key) return
    map.delete(key)
    map.set(key, value)
    if (map.size > REMEMBERED_MAX) map.delete(map.keys().next().value)
  }

  const above = (session) => {
    const found = []
    for (let at = parents.get(session); at && !found.includes(at); at = parents.get(at)) found.unshift(at)
    return found
  }

  const start = (text) => {
    running += 1
    let ended = false
    const end = () => {
      if (ended) return
      ended = true
      running -= 1
      if (waiting.length) start(waiting.shift())
    }
    try {
      const [program, ...words] = COMMAND
      const child = spawn(program, words, { detached: true, stdio: ["pipe", "ignore", "ignore"] })
      child.on("error", end)
      child.on("exit", end)
      child.stdin.on("error", () => {})
      child.stdin.end(text)
      child.unref()
    } catch {
      end()
    }
  }

  const hand = (name, session, rest) => {
    const text = JSON.stringify({
      hook_event_name: name,
      session_id: session,
      parents: above(session),
      cwd: directory || worktree || "",
      timestamp: Date.now(),
      ...rest,
    })
    if (running < RUNNING_MAX) start(text)
    else if (waiting.length < WAITING_MAX) waiting.push(text)
  }

  const onPart = (properties) => {
    const part = properties.part
    if (!part) return
    const message = messages.get(part.messageID)
    const isDone =
      (part.type === "text" && part.time && part.time.end && !(message && message.role === "user")) ||
      (part.type === "tool" && part.state && part.state.status === "error")
    if (!isDone || told.has(part.id)) return
    remember(told, part.id, true)
    hand("message.part.updated", part.sessionID, { message, properties })
  }

  const onEvent = ({ event } = {}) => {
    if (!event || !event.properties) return
    const properties = event.properties
    const info = properties.info
    switch (event.type) {
      case "message.updated":
        if (info) remember(messages, info.id, info)
        return
      case "message.part.updated":
        onPart(properties)
        return
      case "session.updated":
        if (info && info.parentID) remember(parents, info.id, info.parentID)
        return
      case "session.created":
        if (info && info.parentID) remember(parents, info.id, info.parentID)
        hand(event.type, info && info.id, { properties })
        return
      case "session.error":
        hand(event.type, properties.sessionID, { properties })
    }
  }

  return {
    event: quietly(onEvent),
    "chat.message": quietly((input, output) => hand("chat.message", input.sessionID, { input, output })),
    "tool.execute.after": quietly((input, output) => hand("tool.execute.after", input.sessionID, { input, output })),
  }
}
