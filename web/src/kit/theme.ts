import { Store, useStore } from '~/api'

export type Theme = 'system' | 'light' | 'dark'

const key = 'theme'

function saved(): Theme {
  const value = document.documentElement.dataset.theme // boot.js has set it before the first paint
  return value === 'light' || value === 'dark' ? value : 'system'
}

const theme = new Store<Theme>(saved())

export function setTheme(next: Theme): void {
  if (next === 'system') {
    localStorage.removeItem(key)
    delete document.documentElement.dataset.theme
  } else {
    localStorage.setItem(key, next)
    document.documentElement.dataset.theme = next
  }
  theme.set(next)
}

// isDark tells what is shown, whoever chose it.
export function isDark(): boolean {
  const chosen = theme.get()
  return chosen === 'system' ? matchMedia('(prefers-color-scheme: dark)').matches : chosen === 'dark'
}

export function toggleTheme(): void {
  setTheme(isDark() ? 'light' : 'dark')
}

export function useTheme(): Theme {
  return useStore(theme)
}
