import { z } from 'zod';
import { type ClusterView, defineClusterOperation } from '../cluster-operation.ts';

const schema = z.strictObject({
  image: z.string().min(1).describe('an image that provision has made, by its name at the registry'),
});

const changesOf = ({ hasImage }: ClusterView, { image }: z.output<typeof schema>) =>
  hasImage === false ? [{ subject: `image ${image}`, action: 'push it' }] : [];

/** An image that was made here is at its registry, with the very same bytes; the registry is only asked where nothing is due. */
export const imagePushed = defineClusterOperation({
  scope: 'cluster',
  name: 'image_pushed',
  summary: 'the registry has an image that provision has made, with the very same bytes; the only one that asks no API',
  schema,
  countsAsChange: true,
  irreversible: 'what was pushed stays at the registry',
  asksRegistry: ({ image }) => image,
  // a registry that does not answer, or lets nobody in, stops a run before its first change
  refuse: () => undefined,
  diff: changesOf,
  apply: ({ pushImage, progress }, _view, { image }) => pushImage(image, progress),
});
