import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { ChevronsUpDown, Keyboard, LogOut } from 'lucide-react'
import { api } from '~/api'
import { recentProjects } from '~/features/login'
import { useAppearanceItems } from '~/features/preferences'
import type { GetMeResponse } from '~/gen/pipecd/web/v1/session_pb'
import { useTexts } from '~/i18n'
import { buttonClass, cx, Menu, type MenuItem } from '~/kit'
import styles from './Shell.module.css'

// ProjectMenu names the project and leads to the others used in this browser.
export function ProjectMenu({ project }: { project: string }) {
  const t = useTexts()
  const navigate = useNavigate()
  const go = (to: string | undefined) => void navigate({ to: '/login', search: to ? { project: to } : {} })
  const items: MenuItem[] = [
    ...recentProjects()
      .filter(p => p !== project)
      .map(p => ({ id: p, label: p, onSelect: () => go(p) })),
    { id: '-', label: t.shell.switchProject, onSelect: () => go(undefined) },
  ]
  return (
    <div className={styles.project}>
      <Menu
        label={t.shell.project}
        items={items}
        trigger={p => (
          <button {...p} type="button" className={buttonClass('quiet')}>
            <span className="sr-only">{t.shell.project}: </span>
            <span>{project}</span>
            <ChevronsUpDown size={14} aria-hidden="true" />
          </button>
        )}
      />
    </div>
  )
}

// UserMenu has what belongs to the person: theme, language, shortcuts, sign out.
export function UserMenu({ me, onHelp }: { me: GetMeResponse; onHelp: () => void }) {
  const t = useTexts()
  const { theme, language } = useAppearanceItems()
  const signOut = useMutation({
    mutationFn: () => api.logout({}),
    // A new page forgets everything that was read.
    onSuccess: () => location.assign(`/login?project=${encodeURIComponent(me.projectId)}`),
  })
  const items: MenuItem[] = [
    {
      id: 'who',
      heading: me.version ? `${t.shell.user(me.username)} · ${t.shell.version(me.version)}` : t.shell.user(me.username),
    },
    { id: 'l1', line: true },
    { id: 'theme', heading: t.shell.theme },
    ...theme,
    { id: 'l2', line: true },
    { id: 'language', heading: t.shell.language },
    ...language,
    { id: 'l3', line: true },
    { id: 'keys', label: t.shell.shortcuts, icon: <Keyboard size={16} aria-hidden="true" />, onSelect: onHelp },
    {
      id: 'out',
      label: t.shell.signOut,
      icon: <LogOut size={16} aria-hidden="true" />,
      onSelect: () => signOut.mutate(),
    },
  ]
  return (
    <Menu
      label={t.shell.preferences}
      items={items}
      align="end"
      trigger={p => (
        <button
          {...p}
          type="button"
          className={cx(buttonClass('quiet'), styles.user)}
          aria-label={t.shell.user(me.username)}
          title={me.username}
        >
          <span className={styles.avatar} aria-hidden="true">
            {[...me.username][0]}
          </span>
        </button>
      )}
    />
  )
}
