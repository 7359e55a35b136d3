"""Rules from a file (`ux.md` 3.10): first the differences, then drafts of them."""

import base64
import binascii
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from credit_mgmt.rules.files import FIELDS, LARGEST_FILE, Difference, differences, draft_differences, read_rules
from customers.access import Action
from customers.errors import InvalidInput
from customers.views import PageView, add_errors

Item = dict[str, Any]


class RuleFileForm(forms.Form):
    """A file of rules; what was shown of it comes back as `content`."""

    file = forms.FileField(
        label="File",
        required=False,
        help_text="Excel workbook (.xlsx, its first visible sheet) or CSV in UTF-8, at most 1 MB.",
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv,text/csv"}),
    )
    content = forms.CharField(required=False, widget=forms.HiddenInput)

    def given(self) -> bytes:
        """The content of the file. Raises `InvalidInput` where there is none."""
        file = self.cleaned_data["file"]
        if file is not None:
            return bytes(file.read(LARGEST_FILE + 1))
        try:
            content = base64.b64decode(self.cleaned_data["content"], validate=True)
        except (binascii.Error, ValueError):
            content = b""
        if not content:
            raise InvalidInput.of("file", "required", "Choose a file.")
        return content


class RuleImportPage(PageView):
    """`/rules/import/`."""

    looks = Action.SETUP
    section = "rules"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Ask for the file."""
        return self._show(RuleFileForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Show how it differs, or draft what was shown."""
        form = RuleFileForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._show(form, status=422)
        try:
            content = form.given()
            rules = read_rules(content)
            if "draft" not in request.POST:
                found = differences(rules, actor=self.actor)
                return self._show(form, found=found, content=base64.b64encode(content).decode(), read=len(rules))
            drafts = draft_differences(rules, actor=self.actor, at=self.now)
        except InvalidInput as problem:
            add_errors(form, problem)
            return self._show(form, status=422)
        codes = ", ".join(draft.rule.code for draft in drafts) or "nothing"
        messages.success(request, f"Drafted: {codes}. Drafts hold nothing until they are activated.")
        return self.go(reverse("rule-list"))

    def _show(
        self,
        form: RuleFileForm,
        *,
        found: list[Difference] | None = None,
        content: str = "",
        read: int = 0,
        status: int = 200,
    ) -> HttpResponse:
        context = {
            "form": form,
            "columns": FIELDS,
            "content": content,
            "read": read,
            "found": None if found is None else [_shown(difference) for difference in found],
            "back_url": reverse("rule-list"),
        }
        return self.page("credit_mgmt/rule_import.html", context, status=status)


def _shown(difference: Difference) -> Item:
    version = difference.version
    return {
        "line": difference.row.line,
        "code": difference.row.code,
        "url": reverse("rule-edit", args=[version.rule.code]) if version else "",
        "fields": [
            {"name": name.replace("_", " ").capitalize(), "before": _text(before), "after": _text(after)}
            for name, before, after in difference.fields
        ],
    }


def _text(value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value.normalize():f}" if hasattr(value, "normalize") else str(value)
