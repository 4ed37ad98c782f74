// What of dingtalk-jsapi the portal uses; bundled into dingtalk-jsapi.min.js as the README beside tells.
import dd from "dingtalk-jsapi/entry/union";
import requestAuthCode from "dingtalk-jsapi/api/union/requestAuthCode";
import requestAuthCodeOfOldClients from "dingtalk-jsapi/api/runtime/permission/requestAuthCode";
import openLink from "dingtalk-jsapi/api/union/openLink";

export const env = dd.env;
export { requestAuthCode, requestAuthCodeOfOldClients, openLink };
