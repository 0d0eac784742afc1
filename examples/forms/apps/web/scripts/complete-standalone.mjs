// After `next build`: makes .next/standalone a whole artifact, and the same
// sources the same bytes, wherever and whenever they are built.
import { cp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const web = join(import.meta.dirname, '..')
const monorepo = join(web, '..', '..')
const artifact = join(web, '.next', 'standalone', 'apps', 'web')

await copyStaticFiles()
await replaceRandomKeys()
await replaceBuildPaths()
await checkNothingIsLeft()

/** Next leaves these two to whoever serves the artifact. */
async function copyStaticFiles() {
  for (const folder of ['.next/static', 'public']) {
    await rm(join(artifact, folder), { recursive: true, force: true })
    await cp(join(web, folder), join(artifact, folder), { recursive: true })
  }
}

/**
 * Next draws keys for draft mode and for server actions at every build. This app
 * uses neither. A fixed key that somebody could send would open both, so each
 * becomes one that cannot be used: no header or cookie carries a lone surrogate,
 * and without a key server actions fail (they take
 * NEXT_SERVER_ACTIONS_ENCRYPTION_KEY at run time, should the app get any).
 */
async function replaceRandomKeys() {
  const unusable = '\ud800 draft mode is off'
  const draftMode = { previewModeId: unusable, previewModeSigningKey: unusable, previewModeEncryptionKey: unusable }
  await editJson('.next/prerender-manifest.json', (manifest) => ({ ...manifest, preview: draftMode }))
  await editJson('.next/server/preview-props.json', () => draftMode)
  const actions = await editJson('.next/server/server-reference-manifest.json', (manifest) => {
    if (Object.keys(manifest.node).length > 0) throw new Error('there are server actions now: see replaceRandomKeys')
    return { ...manifest, encryptionKey: '' }
  })
  const script = `self.__RSC_SERVER_MANIFEST=${JSON.stringify(JSON.stringify(actions))}`
  await writeFile(join(artifact, '.next/server/server-reference-manifest.js'), script)
}

/** The configuration inside names the folder of the build; the server does not read it. */
async function replaceBuildPaths() {
  for (const file of ['server.js', '.next/required-server-files.json']) {
    const text = await readFile(join(artifact, file), 'utf8')
    await writeFile(join(artifact, file), text.replaceAll(monorepo, '/build'))
  }
}

async function checkNothingIsLeft() {
  for (const entry of await readdir(artifact, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name)
    if (entry.isFile() && (await readFile(file)).includes(monorepo)) throw new Error(`${file} names ${monorepo}`)
  }
}

async function editJson(file, edit) {
  const path = join(artifact, file)
  const edited = edit(JSON.parse(await readFile(path, 'utf8')))
  await writeFile(path, JSON.stringify(edited))
  return edited
}
