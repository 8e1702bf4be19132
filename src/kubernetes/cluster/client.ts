/** What is used of the Kubernetes client: all of it would be five megabytes more to read at every start. */
export {
  ApiException,
  AuthorizationV1Api,
  CertificatesApi,
  CoordinationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  HttpMethod,
  IsomorphicFetchHttpLibrary,
  KubeConfig,
  KubernetesObjectApi,
  PatchStrategy,
  RbacAuthorizationV1Api,
  ServerConfiguration,
  setHeaderOptions,
  V1MicroTime,
  Watch,
} from '@kubernetes/client-node';
