import { expect, type Page } from '@playwright/test'

// call asks the control plane with the page's session, to set up and to compare
// with what the page shows.
export function call(page: Page, url: string) {
  // biome-ignore lint/suspicious/noExplicitAny: the answers are the contract's, as JSON
  return async (method: string, request: object): Promise<any> => {
    const answer = await page.request.post(`${url}/pipecd.web.v1.WebService/${method}`, {
      headers: { 'Connect-Protocol-Version': '1', 'Content-Type': 'application/json' },
      data: request,
    })
    expect(answer.ok(), `${method}: ${await answer.text()}`).toBe(true)
    return answer.json()
  }
}
