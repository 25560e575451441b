// Starts Swagger UI. An access token that a login answers is put into "Authorize", so that the calls after it have it.
const at = document.getElementById("swagger-ui").dataset
const logins = /\/api\/(auth\/(login|refresh|change-password)|oauth\/(exchange|complete))$/

const ui = SwaggerUIBundle({
  url: at.document,
  dom_id: "#swagger-ui",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  persistAuthorization: true,
  validatorUrl: null,
  supportedSubmitMethods: at.calls === "true" ? ["get", "put", "post", "delete", "patch", "head", "options"] : [],
  responseInterceptor: answer => {
    if (answer.ok && logins.test(new URL(answer.url).pathname) && answer.body?.access_token) {
      ui.preauthorizeApiKey("bearer", answer.body.access_token)
    }
    return answer
  },
})
