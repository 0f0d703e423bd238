import { Store } from './store'

// Session ends are found by whichever call is refused first. The call then
// waits: the shell asks for the password over the page, and when the session is
// renewed the call is made again. Nothing that was typed is lost.
export class Session {
  readonly ended = new Store(false)
  private waiting: (() => void)[] = []

  // renewal resolves when there is a session again.
  renewal(): Promise<void> {
    this.ended.set(true)
    return new Promise(resolve => this.waiting.push(resolve))
  }

  renewed(): void {
    this.ended.set(false)
    const waiting = this.waiting
    this.waiting = []
    for (const resolve of waiting) resolve()
  }
}

export const session = new Session()
