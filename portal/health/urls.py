from django.urls import path

from portal.health import views

app_name = "health_page"
urlpatterns = [path("", views.page, name="page")]
