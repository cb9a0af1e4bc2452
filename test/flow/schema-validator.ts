import fastify from "fastify";
import type { Schema } from "../../src/surfaces/http/schema.ts";

/** Judges values by a JSON schema, as the framework's own validator does; says what is wrong, or null. */
export async function schemaValidator(schema: Schema): Promise<(value: unknown) => string | null> {
  const app = fastify({
    ajv: {
      customOptions: {
        coerceTypes: false,
        removeAdditional: false,
        useDefaults: false,
        allErrors: false,
        strict: true,
        allowUnionTypes: true,
      },
    },
  });
  let validate: ((value: unknown) => string | null) | undefined;
  app.get("/", (request, reply) => {
    const check = request.compileValidationSchema(schema);
    validate = (value) => (check(value) ? null : JSON.stringify(check.errors));
    void reply.send();
  });
  const { body } = await app.inject("/");
  if (validate === undefined) throw new Error(body);
  return validate;
}
