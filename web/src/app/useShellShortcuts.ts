import { useNavigate } from '@tanstack/react-router'
import { useEffect } from 'react'
import type { Catalog } from '~/i18n'
import { listenForShortcuts, moveRow, toggleTheme, useShortcut } from '~/kit'

// useShellShortcuts are the keys that work on every page.
export function useShellShortcuts(t: Catalog): void {
  const navigate = useNavigate()
  const w = t.shortcuts
  useEffect(() => listenForShortcuts(), [])
  useShortcut({
    keys: 'g a',
    label: w.goApplications,
    group: 'everywhere',
    run: () => void navigate({ to: '/applications' }),
  })
  useShortcut({
    keys: 'g d',
    label: w.goDeployments,
    group: 'everywhere',
    run: () => void navigate({ to: '/deployments' }),
  })
  useShortcut({
    keys: 'g s',
    label: w.goSettings,
    group: 'everywhere',
    run: () => void navigate({ to: '/settings/piped' }),
  })
  useShortcut({ keys: 't', label: w.theme, group: 'everywhere', run: toggleTheme })
  useShortcut({ keys: 'j', label: w.next, group: 'lists', run: () => moveRow(1) })
  useShortcut({ keys: 'k', label: w.previous, group: 'lists', run: () => moveRow(-1) })
}
