const key = 'projects'
const atMost = 8

// The projects that were used in this browser, the last one first.
export function recentProjects(): string[] {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(key) ?? '[]')
    return Array.isArray(list)
      ? list.filter((p): p is string => typeof p === 'string' && p !== '').slice(0, atMost)
      : []
  } catch {
    return []
  }
}

export function rememberProject(project: string): void {
  localStorage.setItem(key, JSON.stringify([project, ...recentProjects().filter(p => p !== project)].slice(0, atMost)))
}

export function forgetProject(project: string): void {
  localStorage.setItem(key, JSON.stringify(recentProjects().filter(p => p !== project)))
}
