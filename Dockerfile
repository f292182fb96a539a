# One image for every process. `command` in docker-compose.yml chooses the process (docs/deploy.md).

FROM node:24.19.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN node scripts/build.mjs && npm prune --omit=dev --no-audit --no-fund

FROM node:24.19.0-bookworm-slim AS hklst
ENV NODE_ENV=production DATA_DIR=/data HEALTH_FILE=/tmp/health
# A new volume takes the owner and the mode of the folder on which it is mounted.
RUN install --directory --owner=node --group=node --mode=0700 /data
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/.env.example ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/scripts/healthy.mjs scripts/healthy.mjs
COPY --from=build /app/docs/openapi.json docs/openapi.json
COPY --from=build /app/services/access/common-passwords.txt services/access/common-passwords.txt
COPY --from=build /app/services/api-gateway/pages services/api-gateway/pages
COPY --from=build /app/services/api-gateway/sign-in-page services/api-gateway/sign-in-page
COPY --from=build /app/dist dist
USER 1000:1000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "scripts/healthy.mjs", "/tmp/health"]
ENTRYPOINT ["node"]
CMD ["dist/standalone.js"]

# MongoDB runs as user 1000, like every container, because that user may read its certificate. It needs a data folder of
# its own, because the image's belongs to another user. The first start on an empty folder creates the stores' logins.
FROM mongo:8.0.12 AS mongodb
RUN install --directory --owner=1000 --group=1000 --mode=0700 /var/lib/mongodb
COPY --chmod=0444 scripts/mongodb-users.cjs /docker-entrypoint-initdb.d/mongodb-users.js
USER 1000:1000
