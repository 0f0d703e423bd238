import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, keys, problemOf } from '~/api'
import { useTexts } from '~/i18n'
import { Button, Drawer, ErrorPanel, TextArea, TextField, toast } from '~/kit'
import styles from './pipeds.module.css'
import type { NewKey } from './Registered'

interface Known {
  readonly id: string
  readonly name: string
  readonly desc: string
}

interface Props {
  // The piped that is changed; without one, a new one is made.
  piped?: Known | undefined
  onClose: () => void
  onRegistered?: (key: NewKey) => void
}

// PipedForm asks for name and description.
export function PipedForm({ piped, onClose, onRegistered }: Props) {
  const t = useTexts()
  const queries = useQueryClient()
  const [name, setName] = useState(piped?.name ?? '')
  const [description, setDescription] = useState(piped?.desc ?? '')
  const save = useMutation({
    // The answer has the key: it goes to the dialog and is not kept.
    gcTime: 0,
    mutationFn: async () => {
      if (piped) await api.updatePiped({ pipedId: piped.id, name, description })
      else {
        const { id, key } = await api.registerPiped({ name, description })
        onRegistered?.({ pipedId: id, name, key, first: true })
      }
    },
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: keys.pipeds })
      if (piped) {
        void queries.invalidateQueries({ queryKey: keys.piped(piped.id) })
        toast('ok', 'check', t.pipeds.saved(name))
        onClose()
      }
    },
  })
  const field = save.error ? problemOf(save.error).field : ''
  const sentence = save.error ? problemOf(save.error).sentence : undefined
  return (
    <Drawer
      open
      title={piped ? t.pipeds.editTitle(piped.name) : t.pipeds.addTitle}
      onClose={onClose}
      dirty={!save.isSuccess && (name !== (piped?.name ?? '') || description !== (piped?.desc ?? ''))}
      onSubmit={() => save.mutate()}
      footer={
        <>
          <Button onClick={onClose}>{t.common.cancel}</Button>
          <Button type="submit" look="main" busy={save.isPending}>
            {save.isPending ? t.common.saving : t.common.save}
          </Button>
        </>
      }
    >
      <div className={styles.form}>
        {!piped && <p className={styles.quiet}>{t.pipeds.addText}</p>}
        {save.error && field !== 'name' && field !== 'description' && <ErrorPanel error={save.error} />}
        <TextField
          label={t.common.name}
          value={name}
          onChange={setName}
          required
          maxLength={255}
          autoComplete="off"
          spellCheck={false}
          hint={t.pipeds.nameHint}
          error={field === 'name' ? sentence : undefined}
        />
        <TextArea
          label={t.common.description}
          value={description}
          onChange={setDescription}
          maxLength={4096}
          hint={t.pipeds.descriptionHint}
          error={field === 'description' ? sentence : undefined}
        />
      </div>
    </Drawer>
  )
}
